"""What `data.limit` leaves of a data set is part of its result."""

import pytest

from medtui.runs.population import limited_population


@pytest.mark.parametrize(
    ("limit", "sizes", "is_said"),
    [(None, (60, 80), False), (100, (60, 80), False), (60, (60, 60), True), (70, (60, 70), True)],
)
def test_a_limit_that_is_reached_is_said(
    limit: int | None, sizes: tuple[int, ...], *, is_said: bool
) -> None:
    """A limit above the size of every split leaves all images."""
    found = limited_population(limit, sizes)
    assert bool(found) == is_said
    if is_said:
        assert f"at most {limit} images of each split" in found
        assert "accuracy and average precision are not those of the data set" in found
