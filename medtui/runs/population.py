"""Which population a result is about, where `data.limit` took a part of the images."""

from collections.abc import Iterable

from medtui.runs.result import Result


def limited_population(limit: int | None, sizes: Iterable[int]) -> str:
    """Return what `data.limit` leaves, in words; empty where no split of `sizes` reaches it.

    The images are spread evenly over classes, so rare classes become frequent.
    """
    if limit is None or all(size < limit for size in sizes):
        return ""
    return (
        f"at most {limit} images of each split, evenly spread over classes: prevalence, accuracy "
        "and average precision are not those of the data set"
    )


def population_of(result: Result, limit: int | None) -> str:
    """Return what `data.limit` left of a result's data set, also of results that do not hold it."""
    sizes = (result.val.num_images, result.test.num_images)
    return result.population or limited_population(limit, sizes)
