"""What has to be known before a compressed model is used, in sentences."""

from collections.abc import Iterator, Mapping, Sequence

from medtui.analysis.columns import column_named
from medtui.analysis.differences import Differences, difference_text
from medtui.analysis.fallen_metrics import fallen_metrics
from medtui.analysis.run_record import RunRecord
from medtui.analysis.run_titles import title_of_run
from medtui.metrics import Metric
from medtui.units import format_factor, format_percent


def warnings_of(
    entries: Sequence[RunRecord],
    metric: Metric,
    found: Mapping[str, Differences],
    chosen: Sequence[str],
    changes: Differences | None = None,
) -> Iterator[str]:
    """Yield what limits the use of the chosen runs, the gravest first; without one, of the study.

    A network from scratch is named where it is as small as the chosen one and not less accurate.
    `changes` are those of the chosen runs on test.
    """
    quoted = [entry for entry in entries if entry.folder.name in chosen]
    for entry in quoted:
        if entry.result.are_logits_constant:
            yield f"{title_of_run(entry)} predicts the same for every image."
    for fallen, change in fallen_metrics(changes) if changes else ():
        yield f"its {fallen.label} fell: {difference_text(fallen, change)} points on test."
    yield from _from_scratch(entries, quoted, metric, found)
    for entry in quoted:
        if entry.result.direct_compression:
            yield f"In {title_of_run(entry)}, {entry.result.direct_compression}."
    if quoted and (size := quoted[0].result.size).num_weights_unreachable:
        share = size.num_weights_unreachable / max(1, size.num_compressible)
        yield (
            f"no pixel reaches {format_percent(share, 0)} of the network's weights at this image "
            "size."
        )
    if quoted and len({entry.result.seed for entry in quoted}) == 1:
        yield "it has one seed: the spread over seeds is unknown."


def _from_scratch(
    entries: Sequence[RunRecord], quoted: Sequence[RunRecord], metric: Metric,
    found: Mapping[str, Differences],
) -> Iterator[str]:  # fmt: skip
    """Yield the networks from scratch that the chosen compression does not surpass."""
    for entry in (each for each in entries if each.folder.is_scratch):
        value, size = entry.metric("test", metric.name), entry.result.size.bytes_packed
        others = [each.metric("test", metric.name) for each in quoted]
        known = [each for each in others if each is not None]
        if value is None or any(each > value for each in known):
            continue
        if any(size > each.result.size.bytes_packed for each in quoted):
            continue
        changes = found.get(entry.key)
        change = difference_text(metric, changes.by_metric.get(metric.name)) if changes else ""
        smaller = column_named("smaller").number(entry)
        is_smaller = f"{format_factor(smaller)} smaller" if smaller else "dense"
        at = f"; its test {metric.label} changes by {change}" if change else ""
        yield f"{title_of_run(entry)}, trained from scratch, is {is_smaller}{at}."
