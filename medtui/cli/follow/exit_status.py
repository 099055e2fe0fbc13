"""What a study came to: its exit code, and a sentence with its cure for all that went wrong."""

from pathlib import Path

from medtui.events import RunFailed
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.runs.folder import StudyFolder

LOG_LINES = 8
"""Lines of a log that are shown where its process died."""


def exit_code_of(study: StudyFeed, run: RunFeed | None) -> int:
    """Return 0 where the run (the whole study where it is None) is finished, else 1."""
    if run is not None:
        return 0 if run.status == "finished" else 1
    return 0 if study.count("finished") == study.num_planned else 1


def explain_failures(study: StudyFeed, run: RunFeed | None) -> list[str]:
    """Return a sentence with its cure for the run, or for every run, that did not finish."""
    if study.is_live:
        return []
    concerned = study.runs if run is None else [run]
    sentences = [_explain(each) for each in concerned if each.status in {"failed", "lost"}]
    if sentences:
        return sentences
    if not any(each.history.num_records for each in study.runs):
        return [_explain_silence(study)]
    silent = [each for each in concerned if each.status == "queued" and _last_lines_of(each)]
    if silent:
        return [_explain_silence(each) for each in silent]
    num_open = study.num_planned - study.count("finished")
    if run is None and num_open:
        name, are = study.folder.name, "run is" if num_open == 1 else "runs are"
        told = f"{name}: {num_open} {are} not finished; `medtui resume {name}` goes on."
        if lines := _last_lines_of(study):
            told = "\n  ".join([told, f"{_log_of(study)} ends with:", *lines])
        return [told]
    return []


def _explain(run: RunFeed) -> str:
    name = f"{run.folder.study.name}/{run.folder.name}"
    ending = run.history.ending
    if run.status == "failed" and isinstance(ending, RunFailed):
        told = f"{name} failed: {ending.message}"
        cures = [ending.hint] * bool(ending.hint)
        cures += [f"`medtui resume {name}` goes on with it."] * ending.is_resumable
        return "\n  ".join([told, *cures])
    return (
        f"{name} was lost: its worker vanished without a last word."
        f"\n  See {run.folder.worker_log}; `medtui resume {name}` goes on with it."
    )


def _explain_silence(feed: StudyFeed | RunFeed) -> str:
    """Tell of what ended before it could write an event: its process's log has the reason."""
    lines, log = _last_lines_of(feed), _log_of(feed)
    if not lines:
        return f"{feed.folder.name}: nothing began, and {log} is silent about why."
    return "\n  ".join([f"{feed.folder.name}: nothing began; {log} ends with:", *lines])


def _log_of(feed: StudyFeed | RunFeed) -> Path:
    folder = feed.folder
    return folder.supervisor_log if isinstance(folder, StudyFolder) else folder.worker_log


def _last_lines_of(feed: StudyFeed | RunFeed) -> list[str]:
    try:
        text = _log_of(feed).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-LOG_LINES:]
