"""Files whose absence or kind keeps a run from being shown completely, in sentences."""

from medtui.events import RunFinished
from medtui.preset.toml import MAX_BYTES
from medtui.runs.folder import RunFolder
from medtui.runs.log.history import History
from medtui.runs.subfolders import is_file
from medtui.storage import MissingFile, UnreadableFile, read_bytes


def preset_problem(run: RunFolder) -> str:
    """Return why a run's preset cannot be opened; empty where it can. Its content is not judged."""
    if is_file(run.preset):
        return ""
    try:
        read_bytes(run.preset, MAX_BYTES)
    except UnreadableFile as problem:
        return problem.message
    return ""


def missing_result(run: RunFolder, history: History) -> str:
    """Return a sentence where the log says that a run is finished, and there is no result."""
    if not isinstance(history.ending, RunFinished):
        return ""
    hint = f"Resume {run.study.name}: the run is repeated."
    return str(MissingFile(run.result, "the log says that the run is finished", hint=hint))
