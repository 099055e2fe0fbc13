"""What Comet knows of runs, in a few words."""

from medtui.comet.state import CometState, read_state
from medtui.monitor.catalogue import RunFeed, StudyFeed
from medtui.units import plural


def describe_tracking(study: StudyFeed, run: RunFeed | None) -> list[str]:
    """Return a line on where the runs' experiments are, and how archives are sent."""
    runs = study.runs if run is None else [run]
    states = [state for each in runs if (state := read_state(each.folder)) is not None]
    waiting = [state for state in states if state.archive and not state.is_uploaded]
    lines = [f"Comet: {state.url}" for state in states if state.url]
    lines += sorted({f"Comet: recorded offline: {state.note}" for state in waiting if state.note})
    if waiting:
        name = study.folder.name if run is None else f"{study.folder.name}/{run.folder.name}"
        archives = plural(len(waiting), "archive")
        lines.append(f"Comet: {archives} to send: medtui comet upload {name}")
    num_failed = sum(state.num_failed for state in states)
    if num_failed:
        lines.append(f"Comet: {num_failed} calls failed; see comet/log.txt")
    return lines


def describe_experiment(run: RunFeed) -> str:
    """Return where one run's experiment is; empty where it has none."""
    state = read_state(run.folder)
    if state is None:
        return ""
    return state.url or _describe_archive(run, state)


def _describe_archive(run: RunFeed, state: CometState) -> str:
    if not state.archive:
        return (
            "being recorded offline" if run.is_live else "no archive; medtui comet archive makes it"
        )
    if state.is_uploaded:
        return f"archive {state.archive}, sent"
    return f"comet upload {run.folder.comet / state.archive}"
