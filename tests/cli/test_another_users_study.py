"""Every verb on a study of another user: what may be read is shown, the rest names the owner."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from medtui.cli import main
from medtui.cli.root import app
from medtui.runs.folder import StudyFolder
from tests.helpers.another_user import (
    ACCESSES,
    Access,
    as_stranger,
    needs_root,
    open_folder,
    restrict,
)
from tests.helpers.paths import RECORDED
from tests.helpers.small_study import record_study

READ = {
    "runs show": ("cells",),
    "runs compare": ("cells",),
    "runs verify": ("cells",),
    "attach": ("cells",),
    "report": ("cells", "--output", "report.md"),
    "card": ("answers/prune-0.1", "--output", "card.md"),
    "runs pack": ("cells", "--output", "cells.zip"),
}
"""Verbs that read a study: they work where the owner lets others read."""

WRITE = {
    "resume": ("cells",),
    "bench": ("cells",),
    "comet archive": ("cells/prune-0.1",),
    "comet upload": ("cells/prune-0.1",),
    "export": ("cells/prune-0.1",),
    "evaluate": ("answers/prune-0.1", "--card", "demo"),
    "extend": ("cells", "--set", "compress.densities=[0.05]"),
    "gate": ("answers/prune-0.1", "--plan", "plan.toml"),
    "track": ("tensorboard", "cells/prune-0.1"),
}
"""Verbs that write into a study."""

PROCESS = {"predict": ("answers/prune-0.1", "images")}
"""Verbs that read a study in a process of their own, where the owner lets others read."""

LATER = {"comet sync": ("cells/prune-0.1",)}
"""Verbs that write too, with an API key."""

OTHER = {"runs list": (), "runs clean": (), "stop": ("cells",)}
"""Verbs that pass over what they cannot read, or that find nothing to do in a study at rest."""

NO_STUDY = {
    "doctor", "config show", "config path",
    "preset list", "preset show", "preset check", "preset new", "preset schema",
    "data list", "data show", "data check", "data fetch", "data new", "data cache",
}  # fmt: skip
"""Verbs that take no study."""

PLAN = 'schema = 1\nname = "p"\nagainst = "reference"\n[whole]\nmargin = 0.05\n'


@dataclass(frozen=True)
class Answer:
    """What a verb ends with and writes to stderr."""

    code: int
    told: str


@pytest.fixture(params=ACCESSES.values(), ids=ACCESSES.keys())
def access(request: pytest.FixtureRequest) -> Access:
    """Return what others may do."""
    return request.param


@pytest.fixture
def study(access: Access) -> Iterator[StudyFolder]:
    """Return a study at rest of root's."""
    with open_folder() as folder:
        study = record_study(folder / "runs", "cells")
        for each in (study, _add_answers(folder)):
            restrict(each, access)
        yield study


def _add_answers(folder: Path) -> StudyFolder:
    """Write a study with predictions, and what verbs need beside it."""
    study = StudyFolder(folder / "runs" / "answers")
    shutil.copytree(RECORDED / "cells", study.path)
    (folder / "plan.toml").write_text(PLAN)
    (folder / "images").mkdir(exist_ok=True)
    return study


class Started(BaseException):
    """A process would be started."""


class _NoProcess(subprocess.Popen):
    """What takes the place of every process; modules that are imported meanwhile name its type."""

    def __init__(self, *_: object, **__: object) -> None:
        raise Started

    def __del__(self, *_: object) -> None:
        """Do nothing: there is none."""


def _run(patched: pytest.MonkeyPatch, *words: str) -> Answer:
    output, errors = io.StringIO(), io.StringIO()
    patched.setattr(subprocess, "Popen", _NoProcess)
    patched.setattr(sys, "argv", ["medtui", *words, "--runs-dir", "runs"])
    patched.setattr(sys, "stdout", output)
    patched.setattr(sys, "stderr", errors)
    return Answer(main(), errors.getvalue())


@pytest.fixture(scope="module")
def _imported() -> None:
    """Run every verb once as root: Python's own folders may be closed to the other user."""
    with open_folder() as folder, pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for verb, words in (READ | WRITE | PROCESS | LATER | OTHER).items():
            record_study(folder / "runs", "cells")
            _add_answers(folder)
            with suppress(Started):
                _run(patched, *verb.split(), *words)
            shutil.rmtree(folder / "runs")


@pytest.fixture
def ask(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, _imported: None
) -> Callable[..., Answer]:
    """Return a function that runs a verb as another user, who starts no process."""

    def run(*words: str) -> Answer:
        with monkeypatch.context() as patched:
            patched.chdir(study.path.parent.parent)
            with as_stranger():
                return _run(patched, *words)

    return run


def verbs() -> set[str]:
    """Return every verb of the command line."""
    found = set()
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {each}" for each in inner} if inner else {name}
    return found


def test_every_verb_is_tried():
    """A new verb needs a row above."""
    assert verbs() == {*READ, *WRITE, *PROCESS, *LATER, *OTHER} | NO_STUDY


@needs_root
@pytest.mark.parametrize(("verb", "words"), WRITE.items(), ids=WRITE.keys())
def test_a_verb_that_writes_names_the_owner(ask, verb, words):
    """Whatever others may read."""
    answer = ask(*verb.split(), *words)
    assert answer.code == 3, answer.told
    assert "belongs to root" in answer.told


@needs_root
@pytest.mark.parametrize(("verb", "words"), READ.items(), ids=READ.keys())
def test_a_verb_that_reads_names_the_owner_of_what_is_closed(ask, access, verb, words):
    """What is open is read."""
    answer = ask(*verb.split(), *words)
    if access.is_closed:
        assert answer.code == 3, answer.told
        assert "belongs to root" in answer.told
    else:
        assert answer.code in {0, 1}, answer.told
        assert "Permission denied" not in answer.told


@needs_root
@pytest.mark.parametrize(("verb", "words"), PROCESS.items(), ids=PROCESS.keys())
def test_a_verb_that_reads_in_a_process_starts_it_for_what_is_open(ask, access, verb, words):
    """What is closed is named before."""
    if not access.is_closed:
        with pytest.raises(Started):
            ask(*verb.split(), *words)
        return
    answer = ask(*verb.split(), *words)
    assert answer.code == 3, answer.told
    assert "belongs to root" in answer.told


OPEN = {name: each for name, each in ACCESSES.items() if not each.is_closed}


@needs_root
@pytest.mark.parametrize("access", OPEN.values(), indirect=True, ids=OPEN.keys())
def test_a_gate_on_another_users_study_looks_at_nothing(ask, study):
    """No claim is judged, and no line of a ledger is written."""
    told = ask("gate", "answers/prune-0.1", "--plan", "plan.toml").told
    assert "comparing the answers" not in told
    assert not StudyFolder(study.path.with_name("answers")).ledger.exists()


@needs_root
@pytest.mark.parametrize("access", [ACCESSES["umask 077"]], indirect=True, ids=["umask 077"])
@pytest.mark.parametrize(("verb", "words"), LATER.items(), ids=LATER.keys())
def test_a_run_in_a_closed_study_is_not_called_missing(ask, verb, words):
    """Also before any process is started."""
    answer = ask(*verb.split(), *words)
    assert answer.code == 3, answer.told
    assert "cells belongs to root: Permission denied." in answer.told


@needs_root
def test_lists_pass_over_what_is_closed(ask, access):
    """They name it on stderr."""
    for verb in ("runs list", "runs clean"):
        answer = ask(*verb.split())
        assert answer.code == 0, answer.told
    assert ("Permission denied" in ask("runs", "list").told) is access.is_closed
    answer = ask("stop", "cells")
    assert answer.code == (3 if access.is_closed else 0), answer.told
