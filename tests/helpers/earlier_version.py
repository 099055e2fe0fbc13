"""What version 0.1.0 left behind: run folders, presets, and the names that its users typed."""

import contextlib
import io
import json
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from medtui.cli import main
from medtui.runs.folder import StudyFolder
from tests.helpers.paths import RECORDED, REPOSITORY

FIRST_VERSION = RECORDED / "version-0.1.0"
"""A study, presets and cards of 0.1.0, and the names of its columns, actions, options and JSON."""

INTERRUPTED = REPOSITORY.parent / "shared" / "cases" / "versions" / "d8cde9e-interrupted"
"""A study that 0.1.0 was stopped in, with its checkpoint; too large to be committed."""


class Answer(NamedTuple):
    """What a command did."""

    code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects that it printed, one a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def call_medtui(*arguments: str) -> Answer:
    """Run `medtui` with these arguments in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["medtui", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main()
    return Answer(code, out.getvalue(), err.getvalue())


def read_fixture(name: str) -> Any:
    """Return what was recorded of 0.1.0 under this name."""
    return json.loads((FIRST_VERSION / name).read_text(encoding="utf-8"))


def copy_study(source: Path, runs_dir: Path) -> StudyFolder:
    """Copy a study that may be read-only; skip the test where there is none."""
    if not source.is_dir():
        pytest.skip(f"no study of an earlier version at {source}")
    study = StudyFolder(runs_dir / source.name)
    shutil.copytree(source, study.path, copy_function=shutil.copyfile)
    for path in (study.path, *study.path.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    return study


def key_paths(value: object, at: str = "") -> Iterator[str]:
    """Yield the dotted path of every key in JSON values; `[]` stands for every element."""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{at}.{key}" if at else key
            yield path
            yield from key_paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from key_paths(inner, f"{at}[]")
