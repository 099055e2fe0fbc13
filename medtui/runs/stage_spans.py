"""When a run was in which stage, by its log; and the machine's vitals meanwhile."""

from collections.abc import Iterable

from medtui.events import RunFailed, RunFinished, RunStarted, RunStopped, StageStarted
from medtui.runs.folder import RunFolder
from medtui.runs.log_reader import EventTail
from medtui.runs.log_record import Record
from medtui.telemetry import Span, VitalsSummary, read_samples, summarise_spans

_ENDS_STAGE = (RunStarted, RunStopped, RunFailed, RunFinished)


def stage_spans(records: Iterable[Record]) -> dict[str, list[Span]]:
    """Return each stage's spans of Unix time, one for each session that was in it.

    A span ends with the next stage or with the session's last word; where a session vanished, with
    its last record; and with the last record of all.
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


def stage_vitals(run: RunFolder) -> dict[str, VitalsSummary]:
    """Return the machine's means and peaks in each stage of a run, whatever was sampled by now."""
    samples, _ = read_samples(run.telemetry)
    spans = stage_spans(EventTail(run.events).read_all())
    found = {stage: summarise_spans(samples, each) for stage, each in spans.items()}
    return {stage: summary for stage, summary in found.items() if summary.num_samples}


def _note(spans: dict[str, list[Span]], stage: str, since: float, until: float) -> None:
    if stage:
        spans.setdefault(stage, []).append((since, until))
