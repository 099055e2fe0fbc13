"""The exit code of a followed study, and a message for each run that did not finish."""

from pathlib import Path

from medtui.events import RunFailed
from medtui.monitor.crash_cause import crash_cause
from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.folder import StudyFolder
from medtui.storage import read_tail

LOG_BYTES = 64 * 1024
"""Length of the end of a log that is read."""

LOG_LINES = 8
"""Lines of a log that are shown if its process exited unexpectedly."""


def exit_code_of(study: StudyFeed, run: RunFeed | None) -> int:
    """Return 0 if the run is finished (if None, the whole study), else 1."""
    if run is not None:
        return 0 if run.status == "finished" else 1
    return 0 if study.count("finished") == study.num_planned else 1


def explain_failures(study: StudyFeed, run: RunFeed | None) -> list[str]:
    """Return a message for the run, or for every run, that did not finish."""
    if study.is_live:
        return []
    chosen = study.runs if run is None else [run]
    unexpected = {"failed", "crashed", "silent"}
    sentences = [_explain(each) for each in chosen if each.status in unexpected]
    if sentences:
        return sentences
    if not any(each.history.num_records for each in study.runs):
        return [_explain_no_start(study)]
    unstarted = [each for each in chosen if each.status == "queued" and _last_lines_of(each)]
    if unstarted:
        return [_explain_no_start(each) for each in unstarted]
    num_open = study.num_planned - study.count("finished")
    if run is None and num_open:
        name, are = study.folder.name, "run is" if num_open == 1 else "runs are"
        text = f"{name}: {num_open} {are} not finished. Resume: medtui resume {name}"
        if lines := _last_lines_of(study):
            text = "\n  ".join([text, f"Last lines of {_log_of(study)}:", *lines])
        return [text]
    return []


def _explain(run: RunFeed) -> str:
    name = run.folder.full_name
    ending = run.history.ending
    if run.status == "failed" and isinstance(ending, RunFailed):
        text = f"{name} failed: {ending.message}"
        hints = [ending.hint] * bool(ending.hint)
        hints += [f"Resume it: medtui resume {name}"] * ending.is_resumable
        return "\n  ".join([text, *hints])
    if run.status == "silent":
        why = f"{run.owner_elsewhere} shows no heartbeat"
        if run.is_copy:
            why = f"this folder is a copy; {run.owner_elsewhere} writes the original, or did"
        return f"{name} is silent: {why}.\n  Resume it: medtui resume {name}"
    return (
        f"{name} crashed: {crash_cause(run)}."
        f"\n  See {run.folder.worker_log}. Resume it: medtui resume {name}"
    )


def _explain_no_start(feed: StudyFeed | RunFeed) -> str:
    """Describe a process that exited before its first event, by the end of its log."""
    lines, log = _last_lines_of(feed), _log_of(feed)
    if not lines:
        return f"{feed.folder.name} did not start, and {log} is empty."
    return "\n  ".join([f"{feed.folder.name} did not start. Last lines of {log}:", *lines])


def _log_of(feed: StudyFeed | RunFeed) -> Path:
    folder = feed.folder
    return folder.supervisor_log if isinstance(folder, StudyFolder) else folder.worker_log


def _last_lines_of(feed: StudyFeed | RunFeed) -> list[str]:
    try:
        text = read_tail(_log_of(feed), LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-LOG_LINES:]
