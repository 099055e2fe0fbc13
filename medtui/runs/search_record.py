"""Results of a study's searches, as stored in `search.json`."""

import msgspec

from medtui.metrics import metric_named
from medtui.runs.folder import StudyFolder
from medtui.runs.json_record import read_json_record, write_json_record
from medtui.storage import DamagedFile


class SearchSample(msgspec.Struct, frozen=True):
    """One finished run as an observation of its search."""

    run: str
    """Name of the run's folder."""
    density: float
    is_probe: bool
    """Whether it is a low-fidelity run, with fewer cycles."""
    metric: float
    """Value on val."""
    sigma: float
    """Standard error of the metric's difference from the reference."""
    is_feasible: bool
    """Whether a full-fidelity run at this density is known to stay within the bound."""
    gain: float | None
    """Improvement factor of the objective over the reference; None where not measured."""
    is_free: bool
    """Whether the run belongs to the grid and costs no budget."""


class SearchCurve(msgspec.Struct, frozen=True):
    """Posterior of the metric between the observations."""

    densities: list[float]
    """Ascending; only above a collapse, if there is one."""
    mean: list[float]
    sigma: list[float]
    """Standard deviation of the mean."""


class SearchOutcome(msgspec.Struct, frozen=True):
    """State of one scheme's search, running or finished."""

    scheme: str
    metric: str
    is_share: bool
    """Whether the metric is shown in percent."""
    objective: str
    method: str
    """`bisection` or `gaussian-process`: the method in use."""
    eps: float
    sigmas: float
    budget: int
    reference: float
    """The metric of the dense model on val."""
    samples: list[SearchSample]
    """Observations in the order in which their runs were planned."""
    curve: SearchCurve | None
    """None before the first observation."""
    next: str = ""
    """Name of the next run; empty where the search is finished."""
    next_density: float | None = None
    chosen: str = ""
    """The best feasible run so far; empty where there is none."""
    reason: str = ""
    """Why it finished: `budget spent`, `nothing worth a run is left`; empty while it is running."""

    @property
    def label(self) -> str:
        """Label of the metric: `balanced accuracy`, `worst class AUROC`."""
        metric = metric_named(self.metric)
        return metric.label if metric else self.metric

    @property
    def bound(self) -> float:
        """Minimum value of the metric."""
        return self.reference - self.eps

    @property
    def is_over(self) -> bool:
        """Whether the search is finished."""
        return bool(self.reason)

    @property
    def num_planned(self) -> int:
        """Maximum number of runs, without those of the grid."""
        spent = sum(not sample.is_free for sample in self.samples)
        return spent if self.is_over else self.budget

    @property
    def best(self) -> SearchSample | None:
        """Observation of the chosen run."""
        return next((each for each in self.samples if each.run == self.chosen), None)


class SearchRecord(msgspec.Struct, frozen=True):
    """All searches of a study."""

    searches: list[SearchOutcome] = []

    @property
    def num_planned(self) -> int:
        """Maximum number of runs of all searches."""
        return sum(search.num_planned for search in self.searches)


_decoder = msgspec.json.Decoder(SearchRecord)


def write_search(study: StudyFolder, record: SearchRecord) -> None:
    """Write the record into the study's folder.

    Raises:
        OSError: the disk is full.
    """
    write_json_record(study.search, record)


def read_search(study: StudyFolder) -> SearchRecord | None:
    """Return the record; None where the study has not searched yet.

    Raises:
        UnreadableFile: the file is damaged or of another version.
    """
    hint = f"Run `medtui resume {study.name}` to write it again from the runs."
    record = read_json_record(study.search, _decoder, hint=hint)
    for search in record.searches if record else ():
        curve = search.curve
        if curve and not len(curve.densities) == len(curve.mean) == len(curve.sigma):
            raise DamagedFile(study.search, "a curve is incomplete", hint=hint)
    return record
