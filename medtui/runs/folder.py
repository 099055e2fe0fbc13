"""Where everything of a study and of a run lies. The one place that knows file names."""

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from medtui.errors import UsageError

REFERENCE = "reference"
"""The reference's folder name within its study."""

_MAX_SLUG = 60


@dataclass(frozen=True)
class RunFolder:
    """One run's files."""

    path: Path
    """The folder itself."""

    @property
    def name(self) -> str:
        """The run's name within its study: `prune-0.1`."""
        return self.path.name

    @property
    def is_reference(self) -> bool:
        """Whether this is the dense model's training."""
        return self.name == REFERENCE

    @property
    def preset(self) -> Path:
        """What was asked, resolved; written first."""
        return self.path / "preset.toml"

    @property
    def provenance(self) -> Path:
        """Versions, hardware, seeds, digest of the data."""
        return self.path / "provenance.json"

    @property
    def events(self) -> Path:
        """What happened, one line each."""
        return self.path / "events.jsonl"

    @property
    def telemetry(self) -> Path:
        """The machine's vitals, one line a second."""
        return self.path / "telemetry.jsonl"

    @property
    def worker_log(self) -> Path:
        """Standard output and error of the worker."""
        return self.path / "worker.log"

    @property
    def lock(self) -> Path:
        """Locked while a worker lives."""
        return self.path / "lock"

    @property
    def checkpoint(self) -> Path:
        """The folder of states the run can resume from."""
        return self.path / "checkpoint"

    @property
    def split(self) -> Path:
        """Which image and patient is in which part."""
        return self.path / "split.jsonl"

    @property
    def model(self) -> Path:
        """The resulting weights."""
        return self.path / "model.safetensors"

    @property
    def shrunk(self) -> Path:
        """The weights without the channels that compression emptied; absent where none were."""
        return self.path / "shrunk.safetensors"

    @property
    def shrunk_manifest(self) -> Path:
        """How many channels each layer of the shrunk network has; written after its weights."""
        return self.path / "shrunk.json"

    @property
    def predictions(self) -> Path:
        """Logits of every val and test image."""
        return self.path / "predictions.npz"

    @property
    def changed(self) -> Path:
        """The images whose answer differs from the reference's; compressions alone have it."""
        return self.path / "changed.csv"

    @property
    def bench(self) -> Path:
        """How fast and large the model is beside the reference; absent until it was measured."""
        return self.path / "bench.json"

    @property
    def exports(self) -> Path:
        """The folder of charts and models as files for other programs; absent until there are."""
        return self.path / "exports"

    def tracker(self, name: str) -> Path:
        """Return a tracker's folder: lock, log, state, archive; absent where it was never on."""
        return self.path / name

    @property
    def comet(self) -> Path:
        """Comet's folder."""
        return self.tracker("comet")

    @property
    def result(self) -> Path:
        """The outcome, written last: its existence proves completion."""
        return self.path / "result.json"

    @property
    def study(self) -> "StudyFolder":
        """The study this run belongs to."""
        return StudyFolder(self.path.parent)


@dataclass(frozen=True)
class StudyFolder:
    """One study's files."""

    path: Path
    """The folder itself."""

    @property
    def name(self) -> str:
        """The study's folder name: `malaria`, `malaria-2`."""
        return self.path.name

    @property
    def preset(self) -> Path:
        """The whole preset, resolved."""
        return self.path / "preset.toml"

    @property
    def note(self) -> Path:
        """A line for people; absent where none was written."""
        return self.path / "note.txt"

    @property
    def supervisor_log(self) -> Path:
        """Standard output and error of the supervisor."""
        return self.path / "supervisor.log"

    @property
    def bench_log(self) -> Path:
        """How far the benchmark is, a line each; what it printed."""
        return self.path / "bench.log"

    @property
    def search(self) -> Path:
        """What searches have found so far; a function of the finished runs, written for readers."""
        return self.path / "search.json"

    @property
    def lock(self) -> Path:
        """Locked while a supervisor lives."""
        return self.path / "lock"

    @property
    def reference(self) -> RunFolder:
        """The dense model's run."""
        return RunFolder(self.path / REFERENCE)

    def run(self, name: str) -> RunFolder:
        """Return the folder of the run called `name`."""
        return RunFolder(self.path / name)

    def runs(self) -> list[RunFolder]:
        """Return the runs that exist, the reference first, then in the order they were planned."""
        found = [RunFolder(path) for path in subfolders(self.path)]
        planned = [run for run in found if is_file(run.preset)]
        return sorted(planned, key=lambda run: (not run.is_reference, _planned_at(run), run.name))


def subfolders(path: Path) -> list[Path]:
    """Return the folders in `path` by name; those whose names are not UTF-8 are left out."""
    try:
        entries = [entry for entry in os.scandir(path) if _is_utf8(entry.name) and entry.is_dir()]
    except OSError:
        return []
    return sorted(Path(entry.path) for entry in entries)


def misnamed_in(path: Path) -> list[str]:
    """Return a sentence for each study or run in `path` whose name no list can show."""
    try:
        names = [each.name for each in path.iterdir() if not _is_utf8(each.name)]
    except OSError:
        return []
    return [
        f"{path}/{os.fsencode(name).decode(errors='backslashreplace')} is not shown: its name is "
        "not UTF-8. Rename it."
        for name in sorted(names)
        if is_file(path / name / "preset.toml")
    ]


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_file(path: Path) -> bool:
    """Tell whether a file is there; what an unreadable folder hides is taken to be there."""
    try:
        return path.is_file()
    except OSError:
        return True


def slugify(name: str) -> str:
    """Turn any name into one safe path component of lower-case letters, digits, `.`, `_`, `-`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9._]+", "-", ascii_name).strip("-._")[:_MAX_SLUG].rstrip("-._")
    return slug or "study"


def create_study(runs_dir: Path, name: str) -> StudyFolder:
    """Make a new folder for a study of that name, numbered where the name is taken.

    Raises:
        UsageError: `runs_dir` cannot be written.
    """
    slug = slugify(name)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = runs_dir / (slug if number == 1 else f"{slug}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return StudyFolder(path)
    except OSError as error:
        raise UsageError(
            f"{runs_dir} cannot be written: {error.strerror}.", hint="Choose with --runs-dir."
        ) from error
    raise UsageError(
        f"{runs_dir} holds too many studies called {slug}; give this one its own name."
    )


def default_runs_dir() -> Path:
    """Return `MEDTUI_RUNS_DIR`, else `runs/` in the working folder."""
    return Path(os.environ.get("MEDTUI_RUNS_DIR") or "runs").expanduser()


def _planned_at(run: RunFolder) -> int:
    try:
        return run.preset.stat().st_mtime_ns
    except OSError:
        return 0
