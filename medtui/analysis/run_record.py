"""One finished run in a comparison: its result, and its other files when they are needed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.events import Metrics
from medtui.metrics import PositiveClass, Task, common_positive, common_task
from medtui.preset import (
    Preset,
    PublishedNumber,
    cell_named,
    named_schemes,
    parse_preset,
)
from medtui.preset.measuring import DEFAULT_MARGIN
from medtui.preset.toml import read_text
from medtui.runs.bench_record import Bench, read_bench
from medtui.runs.data_digest import RecordedDigest, recorded_digest
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.patient_groups import read_subgroups
from medtui.runs.population import population_of
from medtui.runs.predictions import RunPredictions, read_predictions
from medtui.runs.result import Result, SplitResult, read_result
from medtui.runs.run_digests import predictions_path
from medtui.runs.run_names import CONTROL, SCRATCH, main_stage, names_probe
from medtui.runs.search_record import read_search
from medtui.runs.subfolders import subfolders
from medtui.storage import MissingFile, UnreadableFile, require_digest
from medtui.storage.file_stamp import FileStamp, stamp_of
from medtui.telemetry import SampleTail, TelemetrySummary, summarise


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One finished run."""

    folder: RunFolder
    result: Result
    is_chosen: bool = False
    """Whether a search of its study chose it, or would choose it from the samples so far."""
    _noted: dict[str, None] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that was needed so far and could not be used."""
        return tuple(self._noted)

    @cached_property
    def is_probe(self) -> bool:
        """Whether it is a search's low-fidelity run, which is no result of its study."""
        return names_probe(self.folder.name)

    @cached_property
    def key(self) -> str:
        """`study/run`."""
        return self.folder.full_name

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
        """Its preset; None if the file cannot be read, or has changed since."""
        path = self.folder.preset
        try:
            require_digest(path, self.result.digest_of(path))
            return parse_preset(read_text(path), str(path))
        except MedtuiError as error:
            self._note(error)
            return None

    @cached_property
    def published(self) -> PublishedNumber | None:
        """The number that a publication reports for this run, from its preset."""
        return self.preset.published.get(self.folder.name) if self.preset else None

    @cached_property
    def reference_bytes(self) -> int | None:
        """Dense size of its reference; None where that is not finished or cannot be read."""
        folder = self.folder.reference
        return _dense_bytes(folder, stamp_of(folder.path), stamp_of(folder.result))

    @property
    def margin(self) -> float:
        """The loss that its preset accepts, as a share or an area."""
        return self.preset.evaluate.margin if self.preset else DEFAULT_MARGIN

    @cached_property
    def population(self) -> str:
        """What `data.limit` left of the data set; empty where all images are used."""
        limit = self.preset.data.limit if self.preset else None
        return population_of(self.result, limit)

    @cached_property
    def predictions(self) -> RunPredictions:
        """Its predictions, image by image.

        Raises:
            UnreadableFile: the file is missing or damaged, or has changed since.
        """
        path = predictions_path(self.folder, self.result)
        expected = self.result.digest_of(path)
        try:
            return read_predictions(path, expected)
        except UnreadableFile as error:
            if expected is not None or not isinstance(error, MissingFile):
                self._note(error)
            raise

    def subgroups(self, split: str) -> dict[str, dict[str, str]]:
        """Return the subgroups of its images; empty where none are known or can be read."""
        path = self.folder.split
        expected = self.result.digest_of(path)
        try:
            return read_subgroups(path, split, expected)
        except UnreadableFile as error:
            if expected is not None or not isinstance(error, MissingFile):
                self._note(error)
            return {}

    @cached_property
    def data_digest(self) -> RecordedDigest | None:
        """Digest of its data; None where none is recorded, or the file cannot be read."""
        path = self.folder.provenance
        try:
            require_digest(path, self.result.digest_of(path))
            return recorded_digest(self.folder)
        except MedtuiError as error:
            self._note(error)
            return None

    @cached_property
    def bench(self) -> Bench | None:
        """Its benchmark; None if it was not measured."""
        try:
            return read_bench(self.folder)
        except MedtuiError as error:
            self._note(error)
            return None

    @cached_property
    def vitals(self) -> TelemetrySummary:
        """Telemetry while it trained or compressed; of the whole run in results of old versions."""
        stage = main_stage(self.folder.name)
        if stage in self.result.vitals:
            return self.result.vitals[stage]
        tail = SampleTail(self.folder.telemetry)
        samples = tail.read_all()
        if tail.problem:
            self._noted[tail.problem] = None
        return summarise(samples)

    def _note(self, error: MedtuiError) -> None:
        self._noted[error.message] = None

    def split(self, name: str) -> SplitResult:
        """Return the result on `val` or `test`."""
        return self.result.val if name == "val" else self.result.test

    def metric(self, split: str, name: str) -> float | None:
        """Return a metric; None if it is undefined or was not measured."""
        metrics: Metrics = self.split(split).metrics
        return metrics.get(name)


@lru_cache(maxsize=1024)
def _dense_bytes(reference: RunFolder, *_stamps: FileStamp) -> int | None:
    """Return a reference's dense size, read once for all of its compressions."""
    try:
        found = read_result(reference)
    except MedtuiError:
        return None
    return found.size.bytes_dense if found else None


def task_of(entries: Iterable[RunRecord]) -> Task:
    """Return the task that decides the runs' metrics."""
    return common_task(entry.result.task for entry in entries)


def positive_of(entries: Iterable[RunRecord]) -> PositiveClass | None:
    """Return the positive class that the runs share; None where there is none, or they differ."""
    return common_positive(entry.result.positive for entry in entries)


_SHIPPED = frozenset({*named_schemes(), "reference", CONTROL, SCRATCH})


def problems_of(entries: Iterable[RunRecord]) -> list[str]:
    """Return a sentence for each file of the runs that was needed and could not be used."""
    return list(dict.fromkeys(problem for entry in entries for problem in entry.problems))


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
    """Return the reference that `entry` compresses: among `entries`, else from its folder."""
    folder = entry.folder.reference
    for each in entries:
        if each.folder == folder:
            return each
    found, _ = read_run_records([folder])
    return found[0] if found else None


def all_runs(runs_dir: Path) -> list[RunFolder]:
    """Return the folders of all runs of all studies, study by study."""
    return [run for path in subfolders(runs_dir) for run in StudyFolder(path).runs()]
