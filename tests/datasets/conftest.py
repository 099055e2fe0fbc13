"""A small data set of real files, drawn from seeds."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from medtui.cli import main
from medtui.preset import DataSettings
from tests.helpers.drawn_images import FOLDERS, draw, write_card


class Shown(NamedTuple):
    """Output of a command."""

    returncode: int
    stdout: str
    stderr: str


Medtui = Callable[..., Shown]


@pytest.fixture
def medtui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Medtui:
    """Return a runner of `medtui data`."""

    def run(*words: str) -> Shown:
        monkeypatch.setattr(sys, "argv", ["medtui", "data", *words])
        code = main()
        return Shown(code, *capsys.readouterr())

    return run


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Return a root with two class folders: 12 patients, 5 images each in both classes."""
    root = tmp_path / "cell images é"
    for number in range(120):
        label, patient = ("Parasitized", "Uninfected")[number % 2], number // 10
        draw(root / label / f"P{patient}_cell_{number}.png", seed=number)
    return root


@pytest.fixture
def settings(tmp_path: Path, cells: Path) -> DataSettings:
    """Return settings that open `cells`."""
    return DataSettings(card=write_card(tmp_path, FOLDERS), root=str(cells))
