"""One finished run in a comparison: its result, and its other files when they are needed."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.events import Metrics
from medtui.metrics import PositiveClass, Task, common_positive, common_task
from medtui.preset import (
    Preset,
    PublishedNumber,
    cell_named,
    named_schemes,
    names_probe,
    parse_preset,
)
from medtui.preset.measuring import DEFAULT_MARGIN
from medtui.preset.toml import DocumentError, read_text
from medtui.runs.bench_record import Bench, read_bench
from medtui.runs.folder import CONTROL, RunFolder, StudyFolder, subfolders
from medtui.runs.population import limited_population
from medtui.runs.predictions import RunPredictions, read_predictions
from medtui.runs.result import Result, SplitResult, read_result
from medtui.runs.search_record import read_search
from medtui.telemetry import TelemetrySummary, read_samples, summarise


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One finished run."""

    folder: RunFolder
    result: Result
    is_chosen: bool = False
    """Whether a search of its study chose it, or would choose it from the samples so far."""

    @property
    def is_probe(self) -> bool:
        """Whether it is a search's low-fidelity run, which is no result of its study."""
        return names_probe(self.folder.name)

    @property
    def key(self) -> str:
        """`study/run`."""
        return f"{self.folder.study.name}/{self.folder.name}"

    @cached_property
    def density(self) -> float | None:
        """The requested density, of the grid or of the scheme itself; None if nothing is pruned."""
        if self.result.density is not None or self.result.scheme in _SHIPPED:
            return self.result.density
        cell = cell_named(self.preset, self.folder.name) if self.preset else None
        fixed = [getattr(each, "density", None) for each in cell.scheme.operators] if cell else []
        return next((density for density in fixed if density is not None), None)

    @cached_property
    def preset(self) -> Preset | None:
        """Its preset; None if the file cannot be read."""
        try:
            return parse_preset(read_text(self.folder.preset), str(self.folder.preset))
        except DocumentError:
            return None

    @cached_property
    def published(self) -> PublishedNumber | None:
        """The number that a publication reports for this run, from its preset."""
        return self.preset.published.get(self.folder.name) if self.preset else None

    @property
    def margin(self) -> float:
        """The loss that its preset accepts, as a share or an area."""
        return self.preset.evaluate.margin if self.preset else DEFAULT_MARGIN

    @cached_property
    def population(self) -> str:
        """What `data.limit` left of the data set; empty where all images are used."""
        limit = self.preset.data.limit if self.preset else None
        sizes = (self.result.val.num_images, self.result.test.num_images)
        return self.result.population or limited_population(limit, sizes)

    @cached_property
    def predictions(self) -> RunPredictions:
        """Its predictions, image by image.

        Raises:
            EnvironmentProblem: the file is missing or damaged.
        """
        return read_predictions(self.folder.predictions)

    @cached_property
    def bench(self) -> Bench | None:
        """Its benchmark; None if it was not measured."""
        try:
            return read_bench(self.folder)
        except MedtuiError:
            return None

    @cached_property
    def vitals(self) -> TelemetrySummary:
        """Telemetry while it trained or compressed; of the whole run in results of old versions."""
        stage = "reference" if self.folder.is_reference else "compress"
        if stage in self.result.vitals:
            return self.result.vitals[stage]
        samples, _ = read_samples(self.folder.telemetry)
        return summarise(samples)

    def split(self, name: str) -> SplitResult:
        """Return the result on `val` or `test`."""
        return self.result.val if name == "val" else self.result.test

    def metric(self, split: str, name: str) -> float | None:
        """Return a metric; None if it is undefined or was not measured."""
        metrics: Metrics = self.split(split).metrics
        return metrics.get(name)


def task_of(entries: Iterable[RunRecord]) -> Task:
    """Return the task that decides the runs' metrics."""
    return common_task(entry.result.task for entry in entries)


def positive_of(entries: Iterable[RunRecord]) -> PositiveClass | None:
    """Return the positive class that the runs share; None where there is none, or they differ."""
    return common_positive(entry.result.positive for entry in entries)


_SHIPPED = frozenset({*named_schemes(), "reference", CONTROL})


def read_run_records(folders: Iterable[RunFolder]) -> tuple[list[RunRecord], list[str]]:
    """Return the finished runs among `folders`, and a sentence for each that cannot be read."""
    entries, problems = list[RunRecord](), list[str]()
    chosen: dict[StudyFolder, set[str]] = {}
    for folder in folders:
        try:
            result = read_result(folder)
        except MedtuiError as error:
            problems.append(str(error))
            continue
        if result is not None:
            if folder.study not in chosen:
                chosen[folder.study] = _chosen_in(folder.study)
            entries.append(RunRecord(folder, result, folder.name in chosen[folder.study]))
    return entries, problems


def _chosen_in(study: StudyFolder) -> set[str]:
    """Return names of the runs that a study's searches chose; empty if they cannot be read."""
    try:
        record = read_search(study)
    except MedtuiError:
        return set()
    return {search.chosen for search in record.searches} if record else set()


def reference_of(entry: RunRecord, entries: Iterable[RunRecord]) -> RunRecord | None:
    """Return the reference of `entry`: among `entries`, else from its study's folder."""
    folder = entry.folder.study.reference
    for each in entries:
        if each.folder == folder:
            return each
    found, _ = read_run_records([folder])
    return found[0] if found else None


def all_runs(runs_dir: Path) -> list[RunFolder]:
    """Return the folders of all runs of all studies, study by study."""
    return [run for path in subfolders(runs_dir) for run in StudyFolder(path).runs()]
