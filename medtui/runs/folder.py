"""Paths in study and run folders. The only module that defines file names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medtui.runs import run_names
from medtui.runs.planned_order import planned_places
from medtui.runs.subfolders import is_planned, subfolders


@dataclass(frozen=True)
class RunFolder:
    """Files of one run."""

    path: Path
    """The folder."""

    @property
    def name(self) -> str:
        """Name of the run in its study: `prune-0.1`."""
        return self.path.name

    @property
    def full_name(self) -> str:
        """Name with that of its study: `demo/prune-0.1`."""
        return f"{self.study.name}/{self.name}"

    @property
    def is_reference(self) -> bool:
        """Whether this is the training of a dense model."""
        return run_names.is_reference(self.name)

    @property
    def reference(self) -> "RunFolder":
        """Folder of the reference that the run compresses; its own for a reference."""
        return self.study.run(run_names.reference_of(self.name))

    @property
    def control(self) -> "RunFolder":
        """Folder where the control with the seeds of a compression is, if there is one."""
        return self.study.run(run_names.control_of(self.name))

    @property
    def is_control(self) -> bool:
        """Whether this is a dense control: a compression without an operator."""
        return run_names.is_control(self.name)

    @property
    def is_scratch(self) -> bool:
        """Whether this is a narrow network that is trained from scratch."""
        return self.name == run_names.SCRATCH

    @property
    def is_compressed(self) -> bool:
        """Whether this is a compression: neither reference nor control, nor from scratch."""
        return run_names.is_compression(self.name)

    @property
    def is_compared(self) -> bool:
        """Whether its changes from a control are shown: a compression, or from scratch."""
        return self.is_compressed or self.is_scratch

    @property
    def is_trained(self) -> bool:
        """Whether it is trained in epochs by the reference's schedule, without L-C."""
        return self.is_reference or self.is_scratch

    @property
    def preset(self) -> Path:
        """Resolved preset of the run; written first."""
        return self.path / "preset.toml"

    @property
    def provenance(self) -> Path:
        """Versions, hardware, seeds, digest of the data."""
        return self.path / "provenance.json"

    @property
    def events(self) -> Path:
        """Event log, one event per line."""
        return self.path / "events.jsonl"

    @property
    def telemetry(self) -> Path:
        """Telemetry of the machine, one line per second."""
        return self.path / "telemetry.jsonl"

    @property
    def worker_log(self) -> Path:
        """Standard output and error of the worker."""
        return self.path / "worker.log"

    @property
    def lock(self) -> Path:
        """Locked while a worker is alive."""
        return self.path / "lock"

    @property
    def queued(self) -> Path:
        """Asks the supervisor of a live study to start the run again after the others."""
        return self.path / "queued"

    @property
    def checkpoint(self) -> Path:
        """Folder of checkpoints from which the run can be resumed."""
        return self.path / "checkpoint"

    @property
    def split(self) -> Path:
        """Patient and split of each image."""
        return self.path / "split.jsonl"

    @property
    def model(self) -> Path:
        """Final weights."""
        return self.path / "model.safetensors"

    @property
    def model_record(self) -> Path:
        """What the weights need to be used: classes, preprocessing, thresholds."""
        return self.path / "model.json"

    @property
    def training_features(self) -> Path:
        """Features of train images, by which images unlike them are found; made by a prediction."""
        return self.path / "training-features"

    @property
    def external(self) -> Path:
        """Results on other data sets, a folder each; absent until the run is evaluated on one."""
        return self.path / "external"

    @property
    def narrowed(self) -> Path:
        """Widths of a network from scratch, written before it is trained; absent in others."""
        return self.path / "narrowed.json"

    @property
    def shrunk(self) -> Path:
        """Weights without empty channels; absent where no channel was empty."""
        return self.path / "shrunk.safetensors"

    @property
    def shrunk_manifest(self) -> Path:
        """Number of channels per layer of the shrunk network; written after its weights."""
        return self.path / "shrunk.json"

    @property
    def predictions(self) -> Path:
        """Logits of every val and test image."""
        return self.path / "predictions.npz"

    @property
    def changed(self) -> Path:
        """Images whose prediction differs from the reference's; only for compressions."""
        return self.path / "changed.csv"

    @property
    def bench(self) -> Path:
        """Benchmark of the model and the reference; absent until measured."""
        return self.path / "bench.json"

    @property
    def exports(self) -> Path:
        """Folder of exported charts and models; absent until something is exported."""
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
        """Outcome of the run, written last: its existence proves completion."""
        return self.path / "result.json"

    @property
    def opened(self) -> "RunFolder":
        """Result, predictions and changes with a test that was sealed before; else no folder."""
        return RunFolder(self.path / "opened")

    @property
    def gates(self) -> Path:
        """Folder of what gates found, a file for each look; absent without one."""
        return self.path / "gates"

    @property
    def former_result(self) -> Path:
        """Outcome of a reference whose model was lost, while it is trained again."""
        return self.path / "former-result.json"

    @property
    def study(self) -> "StudyFolder":
        """Folder of the study of this run."""
        return StudyFolder(self.path.parent)


@dataclass(frozen=True)
class StudyFolder:
    """Files of one study."""

    path: Path
    """The folder."""

    @property
    def name(self) -> str:
        """Name of the folder: `malaria`, `malaria-2`."""
        return self.path.name

    @property
    def preset(self) -> Path:
        """Resolved preset of the study."""
        return self.path / "preset.toml"

    @property
    def note(self) -> Path:
        """The user's one-line note; absent where there is none."""
        return self.path / "note.txt"

    @property
    def supervisor_log(self) -> Path:
        """Standard output and error of the supervisor."""
        return self.path / "supervisor.log"

    @property
    def bench_log(self) -> Path:
        """Progress and output of the benchmark."""
        return self.path / "bench.log"

    @property
    def waiting(self) -> Path:
        """What the study waits for while none of its runs computes; absent otherwise."""
        return self.path / "waiting.txt"

    @property
    def search(self) -> Path:
        """Results of the searches so far; derived from the finished runs."""
        return self.path / "search.json"

    @property
    def ledger(self) -> Path:
        """Each look at test or at another site's labels; absent before the first one."""
        return self.path / "ledger.jsonl"

    @property
    def lock(self) -> Path:
        """Locked while a supervisor is alive."""
        return self.path / "lock"

    @property
    def reference(self) -> RunFolder:
        """Run folder of the first dense model."""
        return self.reference_of(None)

    def reference_of(self, seed: int | None) -> RunFolder:
        """Return the run folder of the dense model of a seed; None for the first."""
        return self.run(run_names.name_of_reference(seed))

    def run(self, name: str) -> RunFolder:
        """Return the folder of the run called `name`."""
        return RunFolder(self.path / name)

    def runs(self) -> list[RunFolder]:
        """Return the existing runs: the references, then the others in planned order.

        Runs that the preset does not name, as samples of a search, follow by their age.
        """
        place_of = planned_places(self.path)
        return sorted(self.found_runs(), key=lambda run: place_of(run.name))

    def controls(self) -> list[RunFolder]:
        """Return the existing controls in planned order, without a look at other runs' folders."""
        place_of = planned_places(self.path)
        return sorted(self._found(run_names.is_control), key=lambda run: place_of(run.name))

    def found_runs(self) -> list[RunFolder]:
        """Return the existing runs by name, which reads nothing but the folder."""
        return self._found(lambda _: True)

    def _found(self, is_wanted: Callable[[str], bool]) -> list[RunFolder]:
        paths = subfolders(self.path, is_wanted)
        return [RunFolder(path) for path in paths if is_planned(path)]
