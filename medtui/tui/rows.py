"""Home's view of the runs folder at one moment: frozen, so that the reading thread may go on."""

from dataclasses import dataclass, field

from medtui.events import CycleEnded
from medtui.preset import Cell, Preset, expand_grid
from medtui.runs.catalogue import RunFeed, StudyFeed
from medtui.runs.progress import Progress
from medtui.runs.status import Status
from medtui.tui.headline import ACCURACY, Headline, headline_of
from medtui.units import format_density


@dataclass(frozen=True)
class RunRow:
    """One run in a list."""

    study: str
    """The study's folder name."""
    name: str
    """The run's folder name."""
    title: str
    """As people call it: `Prune 0.1`, `reference`."""
    status: Status
    progress: Progress
    headline: Headline
    val: float | None
    """Headline metric on val of the model kept so far."""
    test: float | None
    """Likewise on test; None until the run is finished."""
    difference: float | None
    """`val` less the reference's."""
    density: float | None
    """Reached by the model kept so far."""
    bytes_packed: int | None
    """Size of the finished model, packed."""
    device: str
    """`cpu`, `cuda:0`; empty before the run began."""
    seconds: float | None
    """Worked so far, over all sessions."""
    seconds_left: float | None
    """Of the running stage; None unless the run is live."""
    warning: str = ""
    """What is wrong with the model or the folder; empty where nothing is."""

    @property
    def key(self) -> str:
        """`study/run`."""
        return f"{self.study}/{self.name}"

    @property
    def share(self) -> float:
        """Completed share, 0 to 1."""
        return 1.0 if self.status == "finished" else self.progress.share


@dataclass(frozen=True)
class StudyRow:
    """One study in a list."""

    name: str
    """Its folder name."""
    about: str
    """What it compares, in one line."""
    note: str
    """What somebody wrote about it."""
    status: Status
    num_failed: int
    """Runs that failed or were lost."""
    num_finished: int
    num_planned: int
    """Runs of the whole grid, the reference included."""
    runs: tuple[RunRow, ...]
    """The reference first."""
    started_at: float
    """Unix time, seconds."""
    is_live: bool
    """Whether a supervisor is at work."""
    problem: str = ""
    """Why the folder cannot be fully read; empty where it can."""

    @property
    def reference(self) -> RunRow | None:
        """The dense model's run."""
        return self.runs[0] if self.runs and self.runs[0].name == "reference" else None

    @property
    def best(self) -> RunRow | None:
        """The compressed run with the highest headline metric on val."""
        measured = [run for run in self.runs if run.val is not None and run != self.reference]
        return max(measured, key=lambda run: run.val or 0.0, default=None)

    @property
    def share(self) -> float:
        """Completed share of all planned runs, 0 to 1."""
        return sum(run.share for run in self.runs) / max(1, self.num_planned)

    @property
    def device(self) -> str:
        """Where it runs or ran."""
        live = [run.device for run in self.runs if run.status == "running" and run.device]
        used = live or [run.device for run in self.runs if run.device]
        return ", ".join(dict.fromkeys(used))

    @property
    def live_run(self) -> RunRow | None:
        """The first run a worker is writing."""
        return next((run for run in self.runs if run.status == "running"), None)

    @property
    def seconds_left(self) -> float | None:
        """Predicted from this study's own runs; None where nothing was measured yet."""
        if not self.is_live:
            return None
        live = [run for run in self.runs if run.status == "running"]
        left = [run.seconds_left for run in live if run.seconds_left is not None]
        waiting = self.num_planned - self.num_finished - self.num_failed - len(live)
        typical = _typical_seconds(self.runs)
        if (waiting > 0 and typical is None) or (live and not left):
            return None
        return max(left, default=0.0) + max(0, waiting) * (typical or 0.0) / max(1, len(live))


@dataclass
class RowMaker:
    """Makes rows of one study; what its preset says is worked out once."""

    study: StudyFeed
    _cells: dict[str, Cell] = field(default_factory=dict)
    _preset: Preset | None = None

    def make(self) -> StudyRow:
        """Give the study as it is now."""
        study = self.study
        if study.preset is not self._preset and study.preset is not None:
            self._preset = study.preset
            self._cells = {cell.slug: cell for cell in expand_grid(study.preset)}
        reference = study.reference.best if study.reference else None
        return StudyRow(
            name=study.folder.name,
            about=self._about(),
            note=self._note(),
            status=_status_of(study),
            num_failed=study.count("failed", "lost"),
            num_finished=study.count("finished"),
            num_planned=max(1 + len(self._cells), len(study.runs)),
            runs=tuple(self.row_of(run, reference) for run in study.runs),
            started_at=study.started_at,
            is_live=study.is_live,
            problem=study.problem,
        )

    def row_of(self, run: RunFeed, reference: CycleEnded | None) -> RunRow:
        """Give one run as it is now; `reference` is the dense model's best epoch."""
        best, result = run.best, run.result
        headline = headline_of(best.val) if best else ACCURACY
        val = headline.of(best.val) if best else None
        dense = headline.of(reference.val) if reference and not run.folder.is_reference else None
        progress = run.progress
        return RunRow(
            study=run.folder.study.name,
            name=run.folder.name,
            title=self.title_of(run),
            status=run.status,
            progress=progress,
            headline=headline,
            val=val,
            test=headline.of(result.test.metrics) if result else None,
            difference=None if val is None or dense is None else val - dense,
            density=result.size.density if result else best.density if best else None,
            bytes_packed=result.size.bytes_packed if result else None,
            device=run.history.session.device if run.history.session else "",
            seconds=result.seconds if result else _worked_seconds(run),
            seconds_left=progress.seconds_left if run.is_live else None,
            warning=_warning_of(run),
        )

    def title_of(self, run: RunFeed) -> str:
        """Give a run's name as people say it."""
        cell = self.cell_of(run)
        if cell is None:
            return run.folder.name
        parts = [cell.scheme.name]
        if cell.density is not None:
            parts.append(format_density(cell.density))
        if self._preset is not None and len(self._preset.compress.seeds) > 1:
            parts.append(f"seed {cell.seed}")
        return " ".join(parts)

    def cell_of(self, run: RunFeed) -> Cell | None:
        """Give a run's place in the grid; None for the reference."""
        return self._cells.get(run.folder.name)

    def _about(self) -> str:
        preset = self._preset
        if preset is None:
            return ""
        densities = ", ".join(map(format_density, preset.compress.densities))
        schemes = ", ".join(preset.compress.schemes)
        return (
            f"{preset.data.card} · {preset.model.architecture} · {schemes} × {densities} · "
            f"{preset.lc.cycles} cycles"
        )

    def _note(self) -> str:
        try:
            return self.study.folder.note.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return self._preset.note if self._preset else ""


def _status_of(study: StudyFeed) -> Status:
    """Give the one word for a study's runs together."""
    if study.is_live or study.count("running"):
        return "running"
    if study.count("failed"):
        return "failed"
    if study.count("lost"):
        return "lost"
    if study.runs and study.count("finished") == len(study.runs):
        return "finished"
    return "stopped" if study.count("stopped", "finished") else "queued"


def _typical_seconds(runs: tuple[RunRow, ...]) -> float | None:
    """Give how long a compressing run takes: the finished ones' mean, else by the live ones."""
    compressing = [run for run in runs if run.name != "reference"]
    finished = [run.seconds for run in compressing if run.status == "finished" and run.seconds]
    if finished:
        return sum(finished) / len(finished)
    expected = [
        (run.seconds or 0.0) + run.seconds_left
        for run in compressing
        if run.seconds_left is not None
    ]
    return sum(expected) / len(expected) if expected else None


def _worked_seconds(run: RunFeed) -> float | None:
    cycles = [cycle for stage in run.history.cycles.values() for cycle in stage.values()]
    return sum(cycle.seconds for cycle in cycles) if cycles else None


def _warning_of(run: RunFeed) -> str:
    history = run.history
    if run.problem:
        return run.problem
    if history.dead_layers:
        count = len(history.dead_layers)
        return f"{count} layer{'s are' if count > 1 else ' is'} empty"
    return "answers the same for every image" if history.are_logits_constant else ""
