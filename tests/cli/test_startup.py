"""Answers at once, knows what it does not know, and exits as promised."""

import os
import subprocess
import sys

import pytest

from medtui import __version__

HEAVY = ("torch", "torchvision", "condensa", "textual", "plotext", "rich", "pydantic", "numpy")


def test_version_is_printed(medtui):
    """`--version` prints the version and nothing else."""
    done = medtui("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"medtui {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"]])
def test_nothing_heavy_is_imported_to_answer(arguments):
    """What makes start-up slow is not loaded for help or version."""
    code = (
        f"import sys; sys.argv = ['medtui', *{arguments!r}]\n"
        "from medtui.cli import main\n"
        "code = main()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("text", [None, '[look]\ntheme = "medtui-light"\n[keys]\nstop = "f4"\n'])
def test_the_application_starts_without_torch_and_settings_without_pydantic(tmp_path, text):
    """Where the settings file is valid, or missing, nothing is loaded that explains its errors."""
    if text is not None:
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    code = (
        "import sys, medtui.tui.settings as settings\n"
        "settings.load_settings()\n"
        "early = {'pydantic', 'tomlkit', 'medtui.preset'} & set(sys.modules)\n"
        "import medtui.tui.app\n"
        "late = {'torch', 'torchvision', 'condensa', 'plotext'} & set(sys.modules)\n"
        "print(sorted(early | late))"
    )
    environment = {**os.environ, "MEDTUI_CONFIG_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments", [["runs", "list"], ["runs", "show", "cells"], ["preset", "check", "demo"]]
)
def test_reading_verbs_never_load_torch(medtui, study, arguments):
    """A reader of folders needs no torch: python itself reports what was imported."""
    done = medtui(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "medtui" in loaded
    assert not loaded & {"torch", "condensa", "textual"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["no-such-verb"],
        ["runs", "show"],
        ["--dry-run"],
        ["--set", "lc.steps=1"],
        ["--run", "demo", "runs", "list"],
    ],
)
def test_a_wrong_command_line_is_usage(medtui, arguments):
    """What cannot be understood exits 2, on stderr, without a traceback."""
    done = medtui(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_the_application_wants_a_terminal(medtui):
    """Without a terminal, `medtui` says so and names what does without."""
    done = medtui()
    assert done.returncode == 2
    assert "medtui --run" in done.stderr


def test_a_closed_pipe_is_no_error(tmp_path, study):
    """`medtui preset schema | head -1` ends in silence."""
    shell = f"{sys.executable} -m medtui preset schema | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_offered(medtui, shell):
    """Each common shell gets its completion."""
    done = medtui(_MEDTUI_COMPLETE=f"source_{shell}")
    assert done.returncode == 0
    assert "medtui" in done.stdout
