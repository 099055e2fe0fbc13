"""What Compare reads and works out: in threads, each thing once. Touches no screen."""

from dataclasses import dataclass, field
from pathlib import Path

from medtui.analysis.differences import Differences, differences
from medtui.analysis.run_record import Entry, all_runs, read_entries, reference_of
from medtui.analysis.subgroup_analysis import Harm, measure_harm
from medtui.charts.downsample import measured, split_at_gaps, thin
from medtui.metrics import primary_metric
from medtui.monitor.run_curves import read_run_curves
from medtui.monitor.telemetry_curves import Point

CURVE_COLUMNS = 240
"""A curve is kept at two points for each of so many columns: no terminal shows more."""


@dataclass(frozen=True)
class Board:
    """All finished runs of a runs folder."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences on what could not be read."""

    def find(self, key: str) -> Entry | None:
        """Give the run `study/run`; None where it is not finished or gone."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True)
class Curves:
    """One run over time, thinned."""

    primary: tuple[Point, ...] = ()
    """Primary metric on val by cycle, in percent where it is a share."""
    memory_used: tuple[Point, ...] = ()
    """GiB by minute."""
    memory_free: tuple[Point, ...] = ()
    utilisation: tuple[Point, ...] = ()
    """Percent by minute."""
    has_gpu: bool = False


@dataclass
class Workbench:
    """Reads and measures; every method blocks and is called from a thread.

    Raises:
        MedtuiError: what is asked for cannot be had; the sentence is for a person.
    """

    runs_dir: Path
    _curves: dict[str, Curves] = field(default_factory=dict)
    _differences: dict[tuple[str, str], Differences] = field(default_factory=dict)
    _harms: dict[tuple[str, str], Harm] = field(default_factory=dict)

    def load(self) -> Board:
        """Read every result file."""
        entries, problems = read_entries(all_runs(self.runs_dir))
        return Board(tuple(entries), tuple(problems))

    def curves_of(self, entry: Entry) -> Curves:
        """Give a run's curves: its log and its telemetry are read once."""
        if entry.key not in self._curves:
            self._curves[entry.key] = _read_curves(entry)
        return self._curves[entry.key]

    def differences_of(self, entry: Entry, board: Board, pin: Entry | None) -> Differences | None:
        """Give a run less its baseline; None for the baseline itself."""
        baseline = _baseline_of(entry, board, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._differences:
            self._differences[pair] = differences(baseline, entry)
        return self._differences[pair]

    def harm_of(self, entry: Entry, board: Board, pin: Entry | None) -> Harm | None:
        """Tell who was hurt; None for the baseline itself."""
        baseline = _baseline_of(entry, board, pin)
        if baseline is None:
            return None
        pair = (entry.key, baseline.key)
        if pair not in self._harms:
            self._harms[pair] = measure_harm(baseline, entry)
        return self._harms[pair]


def _baseline_of(entry: Entry, board: Board, pin: Entry | None) -> Entry | None:
    baseline = pin or reference_of(entry, board.entries)
    return None if baseline is None or baseline.key == entry.key else baseline


def _read_curves(entry: Entry) -> Curves:
    read = read_run_curves(entry.folder)
    return Curves(
        primary=thinned(read.metric(primary_metric(entry.result.task))),
        memory_used=thinned(read.telemetry.memory_used),
        memory_free=thinned(read.telemetry.memory_free),
        utilisation=thinned(read.telemetry.utilisation),
        has_gpu=read.telemetry.has_gpu,
    )


def thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Give a curve with no more points than a terminal can show; gaps stay gaps."""
    if len(points) <= 2 * CURVE_COLUMNS:
        return points
    left, right = points[0][0], points[-1][0]
    kept: list[Point] = []
    for segment in split_at_gaps(measured(points)):
        if kept:
            kept.append((float(segment[0, 0]), None))
        kept += map(tuple, thin(segment, left, right, CURVE_COLUMNS).tolist())
    return tuple(kept)
