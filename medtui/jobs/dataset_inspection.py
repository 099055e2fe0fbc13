"""Looks at a data set through processes of their own, each of which can be called off.

Listing a hundred thousand files would hold up the screen, no multiprocessing may begin inside it,
and it knows neither numpy nor torch.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable

import msgspec

from medtui.preset import DataSettings

Picture = list[list[tuple[int, int, int]]]
"""Rows of red, green, blue."""


class Sample(msgspec.Struct, frozen=True):
    """One train image, small."""

    label: str
    """Its class, or one of its classes."""
    image: Picture
    """As it is stored for the network."""
    augmented: Picture = []
    """As a training batch may show it; empty until that is known."""


class PartCount(msgspec.Struct, frozen=True):
    """One part of the data."""

    name: str
    num_images: int
    num_patients: int | None
    """None where nothing tells."""
    counts: dict[str, int]
    """Class to its images."""


class Checked(msgspec.Struct, frozen=True):
    """What only a look at every image tells."""

    kinds: dict[str, int]
    """Files by format and mode, commonest first."""
    sides: tuple[int, int]
    """Shortest and longest side of any image in pixels."""
    mean: tuple[float, ...]
    """Per channel, of train's pixels scaled to 0..1."""
    std: tuple[float, ...]
    """Likewise."""
    bad: dict[str, str]
    """Names of images that cannot be used, and why."""


class DataReport(msgspec.Struct, frozen=True, tag=True):
    """What was found, or why nothing was."""

    problem: str = ""
    """Empty where the data set can be used."""
    title: str = ""
    classes: list[str] = []
    size: int = 0
    channels: int = 0
    task: str = ""
    has_patients: bool = False
    parts: list[PartCount] = []
    notes: list[str] = []
    samples: list[Sample] = []
    checked: Checked | None = None
    """None until every image was looked at."""

    @property
    def num_images(self) -> int:
        """Images of all parts."""
        return sum(part.num_images for part in self.parts)


class Reading(msgspec.Struct, frozen=True, tag=True):
    """How far a look at every image has come."""

    stage: str
    done: int
    total: int


_answer = msgspec.json.Decoder(DataReport | Reading)


class Look:
    """A process that looks at a data set, and can be called off."""

    def __init__(self, settings: DataSettings, module: str, *options: str) -> None:
        self._settings = settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def ask(self) -> tuple[bytes, str]:
        """Give the whole answer, and the last word on stderr; blocks, as all that follows."""
        asked = self._settings.model_dump_json().encode()
        stdout, stderr = self._process.communicate(asked)
        return stdout, _last_line(stderr)

    def cancel(self) -> None:
        """Call it off."""
        self._process.kill()


class DataLook(Look):
    """A first look: listing, split, a few images."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.datasets.inspection")

    def wait(self) -> DataReport:
        """Give what was found."""
        stdout, complaint = self.ask()
        return _report(stdout, complaint)


class SamplesLook(Look):
    """A few images before and after augmentation, by a process that knows torch."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.engine.training.augmentation_preview")

    def wait(self) -> list[Sample]:
        """Give them; none where it could not be done, which the first look has told."""
        stdout, _ = self.ask()
        try:
            return msgspec.json.decode(stdout, type=list[Sample])
        except msgspec.DecodeError:
            return []


class EveryImageLook(Look):
    """A look at every image, which leaves them decoded in the cache."""

    def __init__(self, settings: DataSettings) -> None:
        super().__init__(settings, "medtui.datasets.inspection", "--every-image")

    def follow(self, tell: Callable[[Reading], None]) -> DataReport:
        """Give what was found; `tell` hears how far it has come."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        complaints: list[bytes] = []
        listener = threading.Thread(
            target=complaints.extend, args=(self._process.stderr,), daemon=True
        )
        listener.start()
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(self._settings.model_dump_json().encode())  # it may be called off by now
        last = b""
        for line in self._process.stdout:
            last = line
            answer = _decoded(line)
            if isinstance(answer, Reading):
                tell(answer)
        self._process.wait()
        listener.join()
        return _report(last, _last_line(b"".join(complaints)))


def _report(line: bytes, complaint: str) -> DataReport:
    answer = _decoded(line)
    if isinstance(answer, DataReport):
        return answer
    return DataReport(problem=f"The data set could not be looked at: {complaint or 'no answer'}.")


def _decoded(line: bytes) -> DataReport | Reading | None:
    try:
        answer: DataReport | Reading = _answer.decode(line)
    except msgspec.DecodeError:
        return None
    return answer


def _last_line(stderr: bytes) -> str:
    return stderr.decode(errors="replace").strip().rpartition("\n")[2]
