"""The application in tmux, by keyboard alone: set up, start, leave, come back, stop, go on."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medtui.jobs.launcher import stop_study
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.liveness import is_held
from tests.helpers.paths import REPOSITORY

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

PRESET = """# small enough for a test
name = "small"
[data]
card = "demo"
limit = 48
[reference]
epochs = 40
batch_size = 16
[compress]
schemes = ["Prune"]
densities = [0.2]
[lc]
cycles = 3
steps = 2
batch_size = 16
mu_init = 0.5
[evaluate]
bootstrap = 20
[machine]
device = "cpu"
"""

PATIENCE_S = 180.0

START = f"{sys.executable} -m medtui --runs-dir runs; echo and left"


class Tmux:
    """A terminal in a server of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux.sock")
        self._do("new-session", "-d", "-x", "100", "-y", "30", "-s", "medtui", "-c", str(folder))

    def send(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        for key in keys:
            self._do("send-keys", "-t", "medtui", key)
            time.sleep(0.3)

    def send_until(self, key: str, wanted: str) -> None:
        """Press a key, again where the screen was not ready for it, until something is there."""
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.text():
            assert time.monotonic() < deadline, f"waited in vain for {wanted!r}\n{self.text()}"
            self.send(key)
            time.sleep(2)

    def text(self) -> str:
        """Return what stands on screen."""
        return self._do("capture-pane", "-t", "medtui", "-p")

    def wait_for(self, wanted: str) -> None:
        """Wait until something stands on screen."""
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.text():
            assert time.monotonic() < deadline, f"waited in vain for {wanted!r}\n{self.text()}"
            time.sleep(0.2)

    def close(self) -> None:
        """End the server."""
        self._do("kill-server")

    def _do(self, *arguments: str) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", self._socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    """Yield a terminal in a folder with a small preset; end all that was started in it."""
    (tmp_path / "small.toml").write_text(PRESET, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    terminal = Tmux(tmp_path)
    yield terminal
    terminal.close()
    study = StudyFolder(tmp_path / "runs" / "small")
    if not study.path.is_dir():
        return
    stop_study(study)
    deadline = time.monotonic() + PATIENCE_S
    while is_held(study.lock) and time.monotonic() < deadline:
        time.sleep(0.2)


def choose_small_preset(tmux: Tmux) -> None:
    """Go from Home into a new study of the small preset, up to its data."""
    tmux.send("n")
    tmux.wait_for("start from a preset")
    tmux.send("/")
    tmux.wait_for("part of a name, or the path of a file")
    tmux.send("small.toml", "Enter", "Enter")
    tmux.wait_for("no patient is in more than one split")


def leave_it_running(tmux: Tmux) -> None:
    """Quit the application; what runs goes on."""
    tmux.send("q")
    tmux.wait_for("the studies keep running")
    tmux.send("Enter")
    tmux.wait_for("and left")


@pytest.mark.usefixtures("showcase")
def test_a_live_run_is_watched_left_and_found_again(tmux: Tmux) -> None:
    """Home, a run's charts, a new study's data, out and in again: by keys, in a real terminal."""
    tmux.send(START, "Enter")
    tmux.wait_for("· against reference, points")
    tmux.send_until("Enter", "1 acc")
    tmux.send("2")
    tmux.wait_for("Loss")
    tmux.send_until("b", "· against reference, points")
    choose_small_preset(tmux)
    tmux.send_until("b", "· against reference, points")
    leave_it_running(tmux)
    tmux.send("clear", "Enter", START, "Enter")
    tmux.wait_for("1 running")


@pytest.mark.slow
def test_a_study_is_set_up_left_found_again_stopped_and_resumed(tmux: Tmux, tmp_path: Path) -> None:
    """Nothing but keys; what runs survives the application that started it."""
    tmux.send(START, "Enter")
    tmux.wait_for("Welcome")
    choose_small_preset(tmux)
    tmux.send("g")
    tmux.wait_for("PruneQuantize16")
    tmux.send("g")
    tmux.wait_for("Start small: a reference and 1 compression?")
    tmux.send("g")
    tmux.wait_for("epoch ")
    leave_it_running(tmux)
    study = StudyFolder(tmp_path / "runs" / "small")
    assert is_held(study.lock)
    tmux.send("clear", "Enter", START, "Enter")
    tmux.wait_for("1 running")
    tmux.send_until("Enter", "1 acc")
    tmux.send("s")
    tmux.wait_for("Stop the whole study small")
    tmux.send("w")
    tmux.wait_for("Press r to resume")
    tmux.send_until("r", "● running")
    tmux.wait_for("resumed in cycle")
