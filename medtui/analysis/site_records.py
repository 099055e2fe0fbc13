"""Results of finished runs on other data sets, and what a reader of them should know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from medtui.analysis.run_record import RunRecord
from medtui.runs.completion import is_finished
from medtui.runs.exports import read_record
from medtui.runs.external_record import (
    ExternalResult,
    read_answers,
    read_externals,
    read_other_models,
    with_answers,
)
from medtui.runs.folder import RunFolder
from medtui.runs.model_choice import RUN, SHRUNK
from medtui.runs.predictions import RunPredictions
from medtui.runs.run_names import names_probe
from medtui.storage import UnreadableFile


@dataclass(frozen=True, eq=False)
class SiteRecord:
    """The result of one model of a run on another data set."""

    entry: RunRecord
    result: ExternalResult

    @cached_property
    def predictions(self) -> RunPredictions:
        """The run's predictions with the data set in place of test: thresholds are its own.

        Raises:
            UnreadableFile: they are missing or damaged.
        """
        answers = read_answers(self.entry.folder, self.result)
        return with_answers(self.entry.predictions, answers)

    @property
    def is_outdated(self) -> bool:
        """Whether the model's weights are others than those that were evaluated, where it is known.

        An exported file may be anywhere: it is compared where it is in the run's `exports/`.
        """
        run, name = self.entry.folder, self.result.model_name
        if name in {RUN, SHRUNK}:
            current = self.entry.result.digest_of(run.model if name == RUN else run.shrunk)
            return current is not None and current != self.result.model
        try:
            return read_record(run.exports / name).sha256 != self.result.model.sha256
        except UnreadableFile:
            return False


def read_sites(
    entries: Iterable[RunRecord], *, of_other_models: bool = False
) -> tuple[list[SiteRecord], list[str]]:
    """Return the runs' results on other data sets, and a sentence for each that is damaged.

    Those of their own models, or `of_other_models`: shrunk models and exported files. Results of
    weights that the run no longer has are left out, with a sentence.
    """
    found, problems = list[SiteRecord](), list[str]()
    for entry in entries:
        results, damaged = read_externals(entry.folder)
        problems += damaged
        for result in read_other_models(entry.folder) if of_other_models else results:
            record = SiteRecord(entry, result)
            if record.is_outdated:
                which = "" if result.model_name == RUN else f" ({result.model_name})"
                problems.append(
                    f"{entry.key}{which} was evaluated on {result.site} with other weights; "
                    "evaluate again"
                )
            else:
                found.append(record)
    return found, list(dict.fromkeys(problems))


def describe_overlap(result: ExternalResult) -> list[str]:
    """Return a sentence on patients and on copies that the model was trained on, or chosen by."""
    found, overlap = list[str](), result.overlap
    if overlap.num_patients:
        some = _named(overlap.patients, overlap.num_patients)
        found.append(
            f"{overlap.num_patients} of its patients have identifiers of the run's train or val "
            f"split: {some}"
        )
    if overlap.num_copies:
        pairs = [f"{name} = {home}" for name, home in overlap.copies]
        found.append(
            f"{overlap.num_copies} of its images are copies of train or val images: "
            f"{_named(pairs, overlap.num_copies)}"
        )
    if overlap.unsearched:
        found.append(f"copies of training images were not looked for: {overlap.unsearched}")
    return found


_NUM_SHOWN = 3


def _named(names: Sequence[str], count: int) -> str:
    shown = ", ".join(names[:_NUM_SHOWN])
    return f"{shown}, ..." if count > _NUM_SHOWN else shown


def describe_classes(result: ExternalResult) -> list[str]:
    """Return a sentence on classes of one side alone, and on images that were left out."""
    found = []
    if result.absent_classes:
        found.append(f"it has no class {', '.join(result.absent_classes)}")
    if result.left_out:
        out = ", ".join(f"{name} {count:,}" for name, count in sorted(result.left_out.items()))
        found.append(f"images left out, as the model has no such class: {out}")
    if result.num_bad:
        found.append(f"{result.num_bad:,} of its images cannot be read")
    return found


def describe_unfinished(folders: Iterable[RunFolder]) -> list[str]:
    """Return a sentence on runs that have no model yet, or failed; none where all are finished."""
    names = [
        each.full_name for each in folders if not is_finished(each) and not names_probe(each.name)
    ]
    return [f"not finished, so not evaluated: {_named(names, len(names))}"] if names else []
