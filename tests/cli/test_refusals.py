"""What the operating system refuses is told in a sentence with exit code 3, never a traceback."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from medtui.cli import main
from medtui.errors import EnvironmentProblem, explain_os_error
from medtui.jobs.launcher import resume_study
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.lock import FolderLock
from tests.helpers.paths import RECORDED, REPOSITORY

STRANGER = 12_345
"""A user who owns nothing here."""

AS_STRANGER = f"""
import codecs, importlib, os, pkgutil, sys
import medtui.cli, medtui.jobs.launcher
for package in ("cli", "cli.show", "cli.follow", "runs", "preset"):
    where = importlib.import_module(f"medtui.{{package}}")
    for module in pkgutil.iter_modules(where.__path__):
        importlib.import_module(f"medtui.{{package}}.{{module.name}}")
import medtui.datasets.dataset, medtui.reporting.html, rich.console
codecs.lookup("utf-8-sig")
os.setgroups([])
os.setresgid({STRANGER}, {STRANGER}, {STRANGER})
os.setresuid({STRANGER}, {STRANGER}, {STRANGER})
sys.argv[0] = "medtui"
sys.exit(medtui.cli.main())
"""
"""Runs the command line as another user. All is imported before: the checkout may be closed to
that user, and so may the folders above the working folder."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

Stranger = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """Return a function that runs `medtui` as another user."""
    tmp_path.chmod(0o755)  # the folders above stay closed; relative paths do not pass them

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", AS_STRANGER, *arguments, "--runs-dir", "runs"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def medtui_in_shell(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Return a function that runs a command line with its redirections."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"{sys.executable} -m medtui {line}"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
def finished(tmp_path: Path) -> StudyFolder:
    """Return a study of an earlier day in which every run has finished."""
    study = StudyFolder(tmp_path / "runs" / "cells")
    shutil.copytree(RECORDED / "cells", study.path)
    return study


@pytest.fixture
def live(study: StudyFolder) -> Iterator[StudyFolder]:
    """Return a study that this process holds."""
    with ExitStack() as stack:
        for path in (study.lock, study.run("quantize16").lock):
            lock = FolderLock(path)
            lock.acquire()
            stack.callback(lock.release)
        yield study


@needs_root
@pytest.mark.parametrize("target", ["cells", "cells/quantize16"])
def test_another_users_study_is_not_stopped(stranger, live, target):
    """The sentence names the study and its owner."""
    done = stranger("stop", target)
    assert done.returncode == 3
    assert done.stderr.startswith(f"medtui: {target} belongs to root. Only root can stop it.\n")


@needs_root
@pytest.mark.parametrize("verb", ["resume", "bench"])
def test_another_users_study_is_not_written(stranger, study, verb):
    """A folder that can be read but not written: which file, and whose it is."""
    done = stranger(verb, "cells")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "belongs to root: Permission denied." in done.stderr


@needs_root
@pytest.mark.parametrize("verb", [["runs", "show"], ["stop"], ["attach"], ["report"]])
def test_another_users_closed_study_is_no_missing_study(stranger, study, verb):
    """A folder that cannot even be read is not said to be absent or at rest."""
    study.path.chmod(0o700)
    done = stranger(*verb, "cells")
    assert done.returncode == 3
    assert "cells belongs to root: Permission denied." in done.stderr
    listed = stranger("runs", "list")
    assert listed.returncode == 0
    assert "cells" in listed.stderr
    assert "Permission denied" in listed.stderr


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch, capsys):
    """Wherever it strikes, the command line ends with 3 and names the file."""
    (tmp_path / "x.toml").write_text('name = "x"\n[data]\ncard = "demo"\n', encoding="utf-8")

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("medtui.jobs.launcher.publish_text", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["medtui", "--run", "x.toml", "--detach"])
    assert main() == 3
    assert f"The disk is full: {tmp_path}/runs/x/preset.toml." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EIO, "Input/output error", "/a"), "/a: Input/output error."),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (OSError("a library's own"), "a library's own."),
        (OSError(), "OSError."),
        (OSError(errno.EDQUOT, "Disk quota exceeded"),
         "The disk is full: a file could not be written."),
    ],
)  # fmt: skip
def test_every_error_of_the_system_makes_a_sentence(error, told):
    """With and without a file or a reason."""
    assert explain_os_error(error).message == told


def test_a_table_is_printed_whatever_stdouts_encoding(medtui, study):
    """A character that stdout cannot take is escaped; the exit code is that of the runs."""
    done = medtui("runs", "list", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "cells/quantize16" in done.stdout


def test_a_supervisor_that_does_not_start_is_told_with_its_reason(study, tmp_path, monkeypatch):
    """All of what it printed this time, not the hint alone, and nothing of earlier times."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho the reason; echo the hint; exit 3\n", encoding="utf-8")
    program.chmod(0o755)
    study.supervisor_log.write_text("an earlier failure\n", encoding="utf-8")
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(EnvironmentProblem, match=r"did not start: the reason\nthe hint\nSee "):
        resume_study(study)


def test_a_closed_stdout_costs_nothing(medtui_in_shell, study):
    """Nobody reads the table; the command has done its work."""
    done = medtui_in_shell("runs list >&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stdout_that_cannot_be_written_is_named(medtui_in_shell, study):
    """A list that nobody received is a failure; it is not the runs' disk that is full."""
    done = medtui_in_shell("runs list >/dev/full")
    assert done.returncode == 3
    assert done.stderr.startswith("medtui: The disk is full: stdout.\n")
    assert "Traceback" not in done.stderr


def test_a_finished_study_is_finished_without_its_table(medtui_in_shell, finished):
    """The exit code is that of the runs; a line says what was not printed."""
    done = medtui_in_shell("attach cells >/dev/full")
    assert done.returncode == 0
    assert "cells has ended, but its results could not be written" in done.stderr


@pytest.mark.parametrize(
    "written", ["COMET_API_KEY=sekret\0PATH=/bin", "api_key = 'sekret'\n[comet"]
)
@pytest.mark.parametrize("form", ["card", "preset", "check"])
def test_lines_of_other_files_are_not_shown(medtui, tmp_path, form, written):
    """A preset of somebody else cannot print a file that is neither a preset nor a card."""
    (tmp_path / "secret").write_text(written, encoding="utf-8")
    preset = '[data]\ncard = "secret"\n[compress]\nschemes = ["Prune"]\n'
    (tmp_path / "p.toml").write_text(f'name = "x"\n{preset}', encoding="utf-8")
    arguments = {
        "card": ("--run", "p.toml", "--dry-run"),
        "preset": ("--run", "secret", "--dry-run"),
        "check": ("data", "check", "secret"),
    }[form]
    done = medtui(*arguments)
    assert done.returncode in {2, 3}
    assert "sekret" not in done.stdout + done.stderr
    assert "secret" in done.stderr


def test_a_line_of_a_preset_is_shown(medtui, tmp_path):
    """A file with a table of a preset is one, whatever is wrong with it."""
    (tmp_path / "p.toml").write_text('name = "x"\n[data]\ncard = "demo\n', encoding="utf-8")
    done = medtui("--run", "p.toml", "--dry-run")
    assert done.returncode == 2
    assert '   3 | card = "demo' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["-o", "report.docx"], 2, "report.docx: a report must be one of .html, .htm, .md."),
        (["--figure", "pareto", "-o", "x.gif"], 2, "x.gif: a figure must be one of .svg"),
        (["-o", "nowhere/report.html"], 3, "nowhere is no folder. No report was written."),
    ],
)
def test_a_report_is_refused_before_it_is_computed(medtui, study, arguments, code, sentence):
    """Comparing the runs of a study may take minutes."""
    done = medtui("report", study.name, *arguments)
    assert done.returncode == code
    assert sentence in done.stderr
    assert "reading results" not in done.stderr


def test_a_card_is_refused_before_it_is_computed(study, tmp_path, monkeypatch, capsys):
    """Its intervals take a while with many images."""
    target = tmp_path / "nowhere" / "card.md"
    monkeypatch.setattr("medtui.evidence.card.build.build_card", pytest.fail)
    monkeypatch.setattr(
        "sys.argv", ["medtui", "card", f"{study.name}/prune-0.1", "-o", str(target)]
    )
    assert main() == 2
    assert f"{target.parent} is no folder." in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_not_verified(medtui):
    """With a misspelt folder, `0 missing, 0 damaged` would read like a passed check."""
    done = medtui("runs", "verify", "--runs-dir", "rnus")
    assert done.returncode == 2
    assert "rnus is no folder, so nothing in it was checked." in done.stderr
