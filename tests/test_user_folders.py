"""Users without a home directory, as in containers that run under any uid."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from medtui.comet.access import key_source
from medtui.errors import EnvironmentProblem
from medtui.tui import error_log
from medtui.user_folders import expand_home, user_folder
from tests.helpers.paths import REPOSITORY

UID = os.geteuid()


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    """Return the temporary folder of a process whose user has no home directory."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def getpwuid(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", getpwuid)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", ["cache", "config", "state"])
def test_without_a_home_a_private_temporary_folder_is_used(homeless, kind):
    """It is named after the uid, and only its user can enter it."""
    assert user_folder(kind) == homeless / f"medtui-uid-{UID}" / kind
    assert (homeless / f"medtui-uid-{UID}").stat().st_mode & 0o777 == 0o700


def make_open(folder: Path) -> None:
    """Create a folder that everyone can write."""
    folder.mkdir()
    folder.chmod(0o777)


@pytest.mark.parametrize("make", [make_open, lambda path: path.symlink_to(path.parent), Path.touch])
def test_a_folder_that_others_can_write_is_refused(homeless, make):
    """Someone else could have created it, or a link to their own."""
    make(homeless / f"medtui-uid-{UID}")
    with pytest.raises(EnvironmentProblem, match="HOME is not set") as caught:
        user_folder("config")
    assert "MEDTUI_CONFIG_DIR" in caught.value.hint
    assert error_log.record_error(ValueError("x")) is None


def test_a_tilde_without_a_home_is_refused_in_a_sentence(homeless):
    """The message names the path and the reason."""
    with pytest.raises(EnvironmentProblem, match=rf"^~/runs: .* HOME is not set, and uid {UID}"):
        expand_home("~/runs")
    with pytest.raises(EnvironmentProblem, match=r"~nobodyatall/x: .* there is no such user"):
        expand_home("~nobodyatall/x")
    assert expand_home("runs") == Path("runs")
    assert key_source({}) is None


WITHOUT_USER = """
import pwd
import sys

def getpwuid(uid):
    raise KeyError(uid)

pwd.getpwuid = getpwuid
from medtui.cli import main
sys.exit(main())
"""


def test_the_command_works_without_home_and_user(tmp_path):
    """Settings, the checks of the machine, and the sentence of a tilde."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "TMPDIR": str(tmp_path),
    }
    for arguments, exit_code, words in (
        (["config", "path"], 0, r"config/config\.toml$"),
        (["config", "show"], 0, "theme = "),
        (["doctor", "--json"], 0, "medtui-uid-[0-9]+/cache"),
        (["runs", "list", "--runs-dir", "~nobodyatall/runs"], 3, "there is no such user"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_USER, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == exit_code, done.stderr
        assert re.search(words, done.stdout + done.stderr, re.MULTILINE)
