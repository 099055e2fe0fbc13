"""Adds runs and external data sets to a study that is not running."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtui.errors import EnvironmentProblem, explain_os_error
from medtui.jobs.launcher import preflight
from medtui.preset import Preset, dump_preset, parse_preset
from medtui.preset.extension import describe_extension, extend_preset
from medtui.preset.toml import read_text
from medtui.runs.atomic_file import publish_text
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.lock import FolderLock
from medtui.storage.writing import require_writable


@dataclass(frozen=True)
class Extension:
    """What was added to a study."""

    preset: Preset
    """The study's preset from now on."""
    added: str
    """What it has more, in words."""
    notes: tuple[str, ...]
    """What the check of the new runs found."""


def extend_study(study: StudyFolder, overrides: Sequence[str]) -> Extension:
    """Add what `KEY=VALUE` settings name to the study's preset; starts nothing.

    The runs that exist stay as they are, and their folders are not touched.

    Raises:
        UsageError: a key cannot grow, or the study has all of it.
        DocumentError: a value is not allowed.
        EnvironmentProblem: the study is running, its data are missing, or it cannot be written.
    """
    require_writable(study.path)
    text = read_text(study.preset)
    before = parse_preset(text, str(study.preset))
    extended = extend_preset(before, overrides, study.name)
    forecast = preflight(extended)
    with FolderLock(study.lock) as lock:
        if read_text(study.preset) != text:
            raise EnvironmentProblem(f"{study.name} was changed by another process. Try again.")
        try:
            publish_text(study.preset, dump_preset(extended, onto=text), lock.claim.check)
        except OSError as error:
            raise explain_os_error(error) from error
    return Extension(extended, describe_extension(before, extended), tuple(forecast.notes))
