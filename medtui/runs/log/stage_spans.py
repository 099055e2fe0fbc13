"""Time spans of a run's stages according to its log, and their telemetry."""

from collections.abc import Iterable

from medtui.events import RunFailed, RunFinished, RunStarted, RunStopped, StageStarted
from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.log.record import Record
from medtui.telemetry import Span, TelemetrySummary, read_samples, summarise_spans

_ENDS_STAGE = (RunStarted, RunStopped, RunFailed, RunFinished)


def stage_spans(records: Iterable[Record]) -> dict[str, list[Span]]:
    """Return each stage's spans of Unix time, one per session that was in it.

    A span ends at the next stage or at the session's final event; after a crash, at the session's
    last record; and at the last record of the log.
    """
    spans: dict[str, list[Span]] = {}
    stage, since, last = "", 0.0, 0.0
    for record in records:
        match record.event:
            case StageStarted() as begun:
                _note(spans, stage, since, record.time)
                stage, since = begun.stage, record.time
            case event if isinstance(event, _ENDS_STAGE):
                until = last if isinstance(event, RunStarted) else record.time
                _note(spans, stage, since, until)
                stage = ""
        last = record.time
    _note(spans, stage, since, last)
    return spans


def stage_telemetry(run: RunFolder) -> dict[str, TelemetrySummary]:
    """Return the telemetry summary of each stage of a run, as sampled so far."""
    samples, _ = read_samples(run.telemetry)
    spans = stage_spans(EventTail(run.events).read_all())
    found = {stage: summarise_spans(samples, each) for stage, each in spans.items()}
    return {stage: summary for stage, summary in found.items() if summary.num_samples}


def _note(spans: dict[str, list[Span]], stage: str, since: float, until: float) -> None:
    if stage:
        spans.setdefault(stage, []).append((since, until))
