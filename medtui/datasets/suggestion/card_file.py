"""Names and writes the file of a suggested card."""

import re
from pathlib import Path

from medtui.errors import UsageError

_LONGEST = 64
"""Characters of a card's name."""


def card_name(images: Path) -> str:
    """Return the name of a card for a folder or an npz file."""
    stem = images.resolve().stem.lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:_LONGEST].strip("-") or "images"


def publish_card(path: Path, text: str) -> None:
    """Write a card to a file that does not exist yet.

    Raises:
        UsageError: the file exists, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}.", hint="Choose another file with --to."
        ) from error
