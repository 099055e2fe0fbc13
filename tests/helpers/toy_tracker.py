"""A tracker for the tests: its follower writes the updates that it receives to a file."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from medtui.preset import Preset
from medtui.runs.folder import RunFolder
from medtui.tracking.follower import run_follower
from medtui.tracking.state import TrackerState, write_state
from medtui.tracking.tracker import Progress, Update

NAME = "toy"


class ToyTracker:
    """Writes a line for each update, and a state when it is closed."""

    def __init__(self, folder: Path, mode: str) -> None:
        self._folder = folder
        self._mode = mode
        self._progress = Progress()

    def log(self, update: Update) -> None:
        """Append an update."""
        if isinstance(update, Progress):
            self._progress = update
        line = json.dumps({"update": type(update).__name__, **asdict(update)}, default=str)
        with (self._folder / "updates.jsonl").open("a") as file:
            file.write(f"{line}\n")

    def close(self) -> None:
        """Write the state."""
        progress = self._progress
        write_state(
            self._folder,
            TrackerState(
                "offline", "toy-1", archive="updates.jsonl", num_records=progress.num_records,
                num_samples=progress.num_samples, note=f"opened {self._mode}",
            ),
        )  # fmt: skip


def open_toy(run: RunFolder, _preset: Preset, mode: str) -> tuple[ToyTracker, Progress]:
    """Open a tracker that has logged nothing yet."""
    return ToyTracker(run.tracker(NAME), mode), Progress()


if __name__ == "__main__":
    sys.exit(run_follower(NAME, open_toy))
