"""Take the pictures of the documentation and its recording, from the application in a terminal.

Run it from the repository, over a runs folder with a finished study `demo`:

    python -m docs.recording RUNS_DIR

A study `search-prune`, with a finished search for a density, gives one more picture. The pictures
and `recording.gif` are written to `docs/pictures`. It needs the packages of the extra `docs`.
"""

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte
from PIL import Image

from docs.recording.screen_image import draw_screen
from tests.helpers.pseudo_terminal import Terminal

COLUMNS, ROWS = 120, 40
PATIENCE_S = 120.0
QUIET_S = 1.0
"""The screen is complete when nothing has changed for this long."""
SHOWN_MS = 2200
"""Time of a step in the recording."""
_UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")
"""Sequences about the keyboard, and questions to the terminal."""
PICTURES = Path(__file__).parents[1] / "pictures"


@dataclass(frozen=True)
class Step:
    """Keys to press, a text to wait for, and the picture to take; an empty name takes none."""

    keys: Sequence[str]
    wanted: str
    picture: str = ""


DEMO = "demo"
DOWN, FIRST = "\x1b[B", "\x1b[H"

STEPS = (
    Step((), "margin 2", "home"),
    Step(("\t", FIRST, DOWN, DOWN, DOWN), "PruneQ16 0.1"),
    Step(("\r",), "Patients by loss", "run"),
    Step(("2",), "Loss"),
    Step(("b", "c"), "verdict", "compare"),
    Step(("7",), "Subgroups"),
    Step(("b", "n"), "what it does", "new-study"),
    Step(("\r",), "patients with"),
    Step(("g",), "Estimate"),
)
SEARCH = "search-prune"
SEARCH_STEPS = (
    Step((), f"Runs of {SEARCH}"),
    Step(("\r", "\r"), "others are compared with it"),
    Step((".", "["), "posterior", "search"),
)


class Recorder:
    """The application in a terminal emulator, and the frames taken of it."""

    def __init__(self, runs_dir: Path) -> None:
        self.frames: list[Image.Image] = []
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._terminal = Terminal(runs_dir, size=(COLUMNS, ROWS))

    def take(self, step: Step) -> None:
        """Press the keys of a step, wait for its screen, and take a frame."""
        for key in step.keys:
            self._terminal.press(key.encode())
            self._feed(0.3)
        deadline = time.monotonic() + PATIENCE_S
        while self._feed(QUIET_S) or step.wanted not in "\n".join(self._screen.display):
            if time.monotonic() > deadline:
                raise SystemExit(f"{step.wanted!r} did not appear within {PATIENCE_S:.0f} s")
        frame = draw_screen(self._screen)
        self.frames.append(frame)
        if step.picture:
            frame.save(PICTURES / f"{step.picture}.png", optimize=True)

    def close(self) -> None:
        """End the application."""
        self._terminal.process.terminate()
        self._terminal.wait()

    def _feed(self, seconds: float) -> bool:
        """Feed the output of the next seconds to the emulator; return whether there was any."""
        output = self._terminal.read_for(seconds)
        # The emulator prints the ends of sequences of which it knows no more than the beginning.
        self._stream.feed(_UNKNOWN.sub(b"", output))
        return bool(output)


def main(runs_dir: Path) -> None:
    """Record the demo, and picture the search where there is one."""
    if (runs_dir / SEARCH).is_dir():
        record(runs_dir / SEARCH, SEARCH_STEPS)
    first, *others = [frame.quantize(64) for frame in record(runs_dir / DEMO, STEPS)]
    first.save(
        PICTURES / "recording.gif", save_all=True, append_images=others, duration=SHOWN_MS, loop=0,
        optimize=True,
    )  # fmt: skip


def record(study: Path, steps: Sequence[Step]) -> list[Image.Image]:
    """Take the steps over a copy of a study, alone in its runs folder; return the frames."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "runs"
        shutil.copytree(study, copy / study.name)
        recorder = Recorder(copy)
        try:
            for step in steps:
                recorder.take(step)
        finally:
            recorder.close()
    return recorder.frames


if __name__ == "__main__":
    main(Path(sys.argv[1]))
