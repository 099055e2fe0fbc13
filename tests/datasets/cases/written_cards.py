"""Writes the card of a case, or has `medtui data new` write it."""

import contextlib
import io
import re
import sys
from pathlib import Path
from unittest import mock

from medtui.cli import main
from medtui.errors import UsageError
from medtui.preset import DataSettings
from tests.datasets.cases.case import DATA_NEW, Case, settings_of


def settings_by_card(case: Case, folder: Path) -> DataSettings:
    """Return the settings that read a case by its card.

    Raises:
        UsageError: `medtui data new` writes no card for the case.
    """
    if re.fullmatch(r"[\w-]+", case.card):
        return settings_of(case, case.card)
    path = folder / "case.card.toml"
    if case.card == DATA_NEW:
        _write_new(case, path)
    else:
        path.write_text(case.card, encoding="utf-8")
    return settings_of(case, str(path))


def _write_new(case: Case, path: Path) -> None:
    options = [
        word
        for name, values in case.choices.items()
        for one in values
        for word in (f"--{name}", one)
    ]
    words = ["medtui", "data", "new", str(case.root), "--to", str(path), *options]
    said = io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        code = main()
    if code:
        raise UsageError(said.getvalue())
    assert path.is_file()
