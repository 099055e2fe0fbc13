"""Why a key on a study can do nothing now, for Home and Run."""

from medtui.monitor.study_summary import StudySummary

_NEEDS_STUDY = {"stop", "resume", "compare", "note", "delete", "copy", "mark", "filter", "order"}
"""Actions on the study under the cursor, or on the list of studies."""

_NO_STUDY = "There is no study yet: d starts the demo, n sets one up."


def refusal(action: str, study: StudySummary | None) -> str:
    """Return a sentence; empty where the action can be done."""
    if study is None:
        return (
            "There is no study yet: d starts the demo, n sets one up."
            if action in _NEEDS_STUDY
            else ""
        )
    is_running = study.is_live or any(run.status == "running" for run in study.runs)
    if action == "stop" and not is_running:
        return f"Nothing to stop: {study.name} is not running."
    if action == "resume" and study.status == "finished" and not study.is_live:
        return f"Nothing to resume: {study.name} is finished."
    return ""
