"""A file for errors that a notice has no room for: tracebacks of what runs in the background."""

import time
import traceback
from pathlib import Path

from medtui.errors import EnvironmentProblem, MedtuiError, explain_os_error
from medtui.user_folders import user_folder

MAX_BYTES = 1 << 20
"""A larger file is begun anew."""


def error_log_path() -> Path:
    """Return where the file is, in the user's folder for state."""
    return user_folder("state") / "errors.log"


def record_error(error: BaseException) -> Path | None:
    """Append an error with its traceback; return the file, or None where it cannot be written."""
    text = "".join(traceback.format_exception(error))
    try:
        path = error_log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        is_full = path.exists() and path.stat().st_size > MAX_BYTES
        with path.open("w" if is_full else "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")
    except (OSError, EnvironmentProblem):
        return None
    return path


def describe_failure(error: BaseException) -> str:
    """Return what failed and where its traceback is; a problem of the system needs none."""
    if isinstance(error, MedtuiError):
        return str(error)
    if isinstance(error, OSError):
        return str(explain_os_error(error))
    path = record_error(error)
    where = f" The traceback is in {path}." if path else ""
    return f"{type(error).__name__}: {error}.{where}"
