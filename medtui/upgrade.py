"""What a process does when medtui was upgraded while it, or the study that it serves, was running.

Each process that medtui starts gets the version of the one that started it. Any module may use it.
"""

import os
import re

from medtui import __version__
from medtui.errors import EnvironmentProblem

STARTED_BY_VERSION = "MEDTUI_STARTED_BY_VERSION"
"""Environment variable: the version of medtui that started the process."""

RESUME_HINT = "Stop the study and resume it: medtui stop STUDY, then medtui resume STUDY."
"""What to do where a study's processes of two versions do not understand each other."""

_MISSING_MODULE = re.compile(r"No module named '?medtui\.")


def describe_upgrade(*, is_earlier: bool = False) -> str:
    """Return a sentence for a run's log where another version started this process, else "".

    `is_earlier` says that the process was started by a version which did not pass its own on.
    """
    former = os.environ.get(STARTED_BY_VERSION, "")
    if former == __version__ or not (former or is_earlier):
        return ""
    if not former:
        change, results = f"upgraded to {__version__}", "an earlier version"
    else:
        verb = "upgraded" if _numbers(former) < _numbers(__version__) else "changed"
        change, results = f"{verb} from {former} to {__version__}", f"version {former}"
    return (
        f"medtui was {change} while this study was running; this run uses {__version__}, and "
        f"results of earlier runs are from {results}."
    )


def explain_missing_module(error: ImportError) -> EnvironmentProblem | None:
    """Return what to tell a person where a module of medtui is missing; None for other modules.

    A process imports some modules only when they are needed. After an upgrade, one may have moved.
    """
    if not (error.name or "").startswith("medtui."):
        return None
    return _upgraded(str(error))


def explain_missing_child(line: str) -> EnvironmentProblem | None:
    """Return the same for a child process, by the last line that Python printed there."""
    return _upgraded(line.rpartition(": ")[2]) if _MISSING_MODULE.search(line) else None


def _upgraded(reason: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "medtui was upgraded while this process was running. Quit and start it again.",
        hint=f"{reason.removesuffix('.')}.",
    )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
