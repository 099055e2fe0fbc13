"""The line below Compare's table: on what its numbers were measured, and how they are judged."""

from collections.abc import Mapping, Sequence

from medtui.analysis.differences import Differences
from medtui.analysis.run_record import RunRecord, task_of
from medtui.metrics import PositiveClass, primary_metric
from medtui.units import plural

_MOST_DIGESTS = 200
"""Runs whose data digests are read: each is in a file of its own."""

_SHOWN = 4
"""Letters of a digest at either end."""


def describe_tests(
    entries: Sequence[RunRecord],
    differences: Mapping[str, Differences],
    positive: PositiveClass | None,
) -> str:
    """Return `test: 29 patients, 4,199 images · margin 1 point · digest 4c1e…90ab in all 8`.

    What decides comes first: a narrow terminal cuts the end. `positive` is the class that shown
    metrics are about; None without one.
    """
    if not entries:
        return ""
    metric = primary_metric(task_of(entries))
    judged = [each for each in entries if each.key in differences and each.folder.is_compared]
    margins = list(dict.fromkeys(entry.margin for entry in judged))
    parts = [_describe_images(entries)]
    if margins:
        amounts = " or ".join(metric.show_amount(each) for each in margins)
        parts.append(f"margin {amounts}")
    if positive is not None:
        parts.append(f"positive: {positive}")
    if differences:
        has_patients = all(each.has_patients for each in differences.values())
        parts.append(f"95 % over {'patients' if has_patients else 'images'}")
    parts.append(_digest(entries))
    return " · ".join(filter(None, parts))


def _describe_images(entries: Sequence[RunRecord]) -> str:
    tests = list(dict.fromkeys(
        (entry.result.test.num_patients, entry.result.test.num_images) for entry in entries
    ))  # fmt: skip
    if len(tests) > 1:
        return f"test: {len(tests)} different sets of images"
    patients, images = tests[0]
    who = plural(patients, "patient") if patients else "unknown patients"
    return f"test: {who}, {plural(images, 'image')}"


def _digest(entries: Sequence[RunRecord]) -> str:
    """Return the digest of the data that all runs share; empty where one is not known."""
    if len(entries) > _MOST_DIGESTS:
        return ""
    found = {entry.data_digest for entry in entries}
    if None in found:
        return ""
    digests = {each.data_digest for each in found if each}
    if len(digests) > 1:
        return f"{len(digests)} different data digests"
    (digest,) = digests
    short = digest.rpartition(":")[2]
    return f"digest {short[:_SHOWN]}…{short[-_SHOWN:]} in all {len(entries)}"
