"""Copying over SSH: by OSC 52 where the terminal takes it, and into a file in any case."""

from pathlib import Path

from textual.app import App

from medtui.errors import EnvironmentProblem
from medtui.runs.atomic_file import publish_text
from medtui.user_folders import user_folder

MAX_BYTES = 74_994
"""A longer text is written to the file alone: many terminals cut OSC 52 off at 100,000 bytes.

Source: hterm; so many bytes are 99,992 in base64.
"""


def copied_path() -> Path:
    """Return the file that always holds the last copy."""
    return user_folder("state") / "copied.txt"


def copy_text(app: App[None], text: str) -> str:
    """Copy a text; return a message on where it is."""
    try:
        path = copied_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_text(path, text)
    except OSError as error:
        file = f"could not write {path}: {error.strerror}"
    except EnvironmentProblem as problem:
        file = problem.message.rstrip(".")
    else:
        file = f"also written to {path}"
    if len(text.encode()) > MAX_BYTES:
        return f"The text is too long for the terminal's clipboard; {file}."
    app.copy_to_clipboard(text)
    return f"Copied, if the terminal allows it; {file}."
