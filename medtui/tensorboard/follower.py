"""The process that writes one run's TensorBoard files: `python -m medtui.tensorboard.follower`.

The only module with tensorboard. Scalars are float32, as TensorBoard stores them.
"""

import io
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_never

import msgspec
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from medtui.preset import Preset
from medtui.runs.folder import RunFolder
from medtui.storage import read_bytes
from medtui.tracking.follower import run_follower
from medtui.tracking.state import TrackerState, write_state
from medtui.tracking.tracker import Artifact, Facts, Measured, Progress, RunDescription, Update

_EVENT_FILES = "events.out.tfevents.*"
"""Names of the files, as TensorBoard looks for them."""

_MAX_FIGURE_BYTES = 64 * 1024 * 1024


class TensorBoardTracker:
    """A `Tracker` that writes a run's numbers, settings, outcome and figures for TensorBoard.

    Each session writes the whole run into a new file, and removes those of earlier sessions: the
    log has all of it, so that a killed session leaves no gap and no point twice.
    """

    def __init__(self, folder: Path, *, hides_host: bool = False) -> None:
        """With `hides_host`, the name of the file does not keep that of the machine."""
        self._folder = folder
        self._hides_host = hides_host
        self._earlier = list(folder.glob(_EVENT_FILES))
        self._writer = EventFileWriter(str(folder))
        self._state = TrackerState("offline", folder.parent.name)
        self._last_time = time.time()

    def log(self, update: Update) -> None:
        """Write an update."""
        match update:
            case RunDescription():
                self._write_text("settings", update.parameters)
            case Measured():
                self._last_time = update.time or self._last_time
                values = [
                    Summary.Value(tag=name, simple_value=value)
                    for name, value in update.values.items()
                ]
                self._write(values, update.step or 0)
            case Facts():
                self._write_text("outcome", update.values)
            case Artifact():
                if update.kind == "figure":
                    self._write_figure(update.path)
            case Progress():
                self._write_progress(update)
            case _:
                assert_never(update)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
        if self._hides_host:
            host = f".{socket.gethostname()}."
            for path in self._folder.glob(_EVENT_FILES):
                path.rename(path.with_name(path.name.replace(host, ".withheld.", 1)))
        write_state(self._folder, self._state)

    def _write_progress(self, progress: Progress) -> None:
        """Write what is buffered; the first time, the new file replaces those of earlier ones."""
        self._writer.flush()
        while self._earlier:
            self._earlier.pop().unlink(missing_ok=True)
        self._state = msgspec.structs.replace(
            self._state, num_records=progress.num_records, num_samples=progress.num_samples
        )

    def _write(self, values: list[Any], step: int) -> None:
        event = Event(wall_time=self._last_time, step=step, summary=Summary(value=values))
        self._writer.add_event(event)

    def _write_text(self, tag: str, facts: Mapping[str, object]) -> None:
        """Write names and values as a Markdown table, which TensorBoard shows under Text."""
        rows = [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
        table = "\n".join(["| name | value |", "| --- | --- |", *rows])
        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        tensor = TensorProto(dtype=DT_STRING, string_val=[table.encode()])
        self._write([Summary.Value(tag=f"{tag}/text_summary", metadata=metadata, tensor=tensor)], 0)

    def _write_figure(self, path: Path) -> None:
        content = read_bytes(path, _MAX_FIGURE_BYTES)
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
        encoded = Summary.Image(
            width=width, height=height, colorspace=4, encoded_image_string=content
        )
        self._write([Summary.Value(tag=f"figures/{path.stem}", image=encoded)], 0)


def open_tensorboard(
    run: RunFolder, preset: Preset, _mode: str
) -> tuple[TensorBoardTracker, Progress]:
    """Return a tracker that writes the whole run anew into its folder `tensorboard`."""
    folder = run.tracker("tensorboard")
    return TensorBoardTracker(folder, hides_host=preset.track.pseudonymise), Progress()


def _cell(value: object) -> str:
    """Return a value as the cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(run_follower("tensorboard", open_tensorboard))
