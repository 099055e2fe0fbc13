"""The state of runs in trackers as short sentences."""

from medtui.monitor.run_feed import RunFeed
from medtui.monitor.study_feed import StudyFeed
from medtui.preset import TRACKERS, TrackerRow
from medtui.tracking.state import TrackerState, read_state
from medtui.units import plural


def describe_tracking(study: StudyFeed, run: RunFeed | None) -> list[str]:
    """Return lines on where each tracker's experiments are, and how archives are sent."""
    runs = study.runs if run is None else [run]
    name = study.folder.name if run is None else run.folder.full_name
    lines = []
    for tracker in TRACKERS:
        found = [read_state(each.folder.tracker(tracker.name)) for each in runs]
        states = [state for state in found if state is not None]
        lines += [f"{tracker.label}: {line}" for line in _describe_states(tracker, states, name)]
    return lines


def describe_experiment(run: RunFeed) -> str:
    """Return where one run's experiment is; empty where it has none."""
    found = []
    for tracker in TRACKERS:
        state = read_state(run.folder.tracker(tracker.name))
        if state is not None:
            found.append(f"{tracker.label}: {state.url or _describe_files(run, tracker, state)}")
    return ", ".join(found)


def _describe_states(tracker: TrackerRow, states: list[TrackerState], name: str) -> list[str]:
    """Return lines on the records of the study or run called `name`."""
    waiting = [state for state in states if state.archive and not state.is_uploaded]
    lines = [state.url for state in states if state.url]
    lines += sorted({f"recorded offline: {state.note}" for state in waiting if state.note})
    if waiting:
        command = f": {tracker.upload_command} {name}" if tracker.upload_command else ""
        lines.append(f"{plural(len(waiting), 'archive')} to send{command}")
    partial = {state.note for state in states if state.note and state.mode == "online"}
    for note in sorted(partial):
        lines.append(f"not complete: {note}; {tracker.upload_command} {name} records the rest")
    num_failed = sum(state.num_failed for state in states)
    if num_failed:
        lines.append(f"{plural(num_failed, 'call')} failed; see {tracker.name}/log.txt")
    return lines


def _describe_files(run: RunFeed, tracker: TrackerRow, state: TrackerState) -> str:
    if not tracker.has_archives:
        return str(run.folder.tracker(tracker.name))
    if state.archive:
        path = run.folder.tracker(tracker.name) / state.archive
        return f"archive {path}, {'sent' if state.is_uploaded else 'not sent'}"
    if run.is_live or not tracker.upload_command:
        return "recording offline" if run.is_live else "no archive"
    return f"no archive; {tracker.upload_command} creates and sends it"
