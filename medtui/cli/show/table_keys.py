"""Keys of tables in JSON output: the headers of version 0.1.0, which programs read."""

from collections.abc import Sequence

_FORMER_HEADERS = {
    "actual density": "reached",
    "cycle kept": "cycle",
    "sparse size": "packed",
    "dense size": "dense",
    "collapsed layers": "dead layers",
    "latency speed-up": "times as fast",
    "latency speed-up, shrunk": "times as fast, shrunk",
    "mean GPU utilisation": "mean GPU",
    "mean process memory": "mean memory",
    "peak process memory": "peak memory",
    "prevalence": "of images",
    "changed predictions": "answers changed",
    "right to wrong": "right before, wrong now",
    "wrong to right": "wrong before, right now",
    "overall verdict": "mean",
    "attribute": "by",
    "probability before": "before",
    "prediction": "answer",
}
"""Headers to those of version 0.1.0."""


def json_keys(headers: Sequence[str]) -> list[str]:
    """Return the key of each column of a table in JSON output."""
    keys = [_FORMER_HEADERS.get(header, header) for header in headers]
    if "probability before" in headers:  # the class that it is the probability of
        keys = ["probability of" if key == "class" else key for key in keys]
    return [f"{key.removesuffix(' after')} now" if key.endswith(" after") else key for key in keys]


def json_row(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return a row of a table as a JSON object.

    Of several changes, `change` is the first, by which the row is judged: earlier versions had no
    names for the others.
    """
    keys = json_keys(headers)
    named = dict(zip(keys, cells, strict=True))
    changes = [key for key in keys if key.startswith("change of ")]
    return named | ({"change": named[changes[0]]} if changes else {})
