"""Why a key on a study can do nothing now, for Home and Run."""

from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_summary import StudySummary

_NEEDS_STUDY = {"stop", "resume", "compare", "note", "delete", "copy", "mark", "filter", "order"}
"""Actions on the study under the cursor, or on the list of studies."""

RESUMABLE = frozenset({"stopped", "failed", "crashed"})
"""States of the runs that a study which goes on starts again on request."""

_NO_STUDY = "There is no study yet: d starts the demo, n sets one up."


def refusal(action: str, study: StudySummary | None, run: RunSummary | None = None) -> str:
    """Return a sentence; empty where the action can be done. `run` is the one under the cursor."""
    if study is None:
        return _NO_STUDY if action in _NEEDS_STUDY else ""
    is_running = study.is_live or any(each.status in {"running", "waiting"} for each in study.runs)
    if action == "stop" and not is_running:
        return f"Nothing to stop: {study.name} is not running."
    if action == "resume":
        return _nothing_to_resume(study, run)
    return ""


def _nothing_to_resume(study: StudySummary, run: RunSummary | None) -> str:
    """Return why `r` does nothing: of a live study it resumes single runs, after the others."""
    if not study.is_live:
        is_over = study.status == "finished"
        return f"Nothing to resume: {study.name} is finished." if is_over else ""
    if run is None:
        return f"{study.name} is running; r on one of its stopped runs queues that run."
    if run.status in RESUMABLE:
        return ""
    return f"Nothing to resume: {run.title} is {run.status}."
