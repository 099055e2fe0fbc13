"""What a study's searches have found, as `search.json` holds it."""

import msgspec

from medtui.metrics import metric_named
from medtui.runs.folder import StudyFolder
from medtui.runs.json_record import read_stored, write_stored


class SearchSample(msgspec.Struct, frozen=True):
    """One finished run as its search sees it."""

    run: str
    """The run's folder name."""
    density: float
    is_probe: bool
    """Whether it ran fewer cycles than a run that may be chosen."""
    metric: float
    """On val."""
    sigma: float
    """Standard error of the metric's difference from the reference's."""
    is_feasible: bool
    """Whether a whole run at this density is known to stay within the bound."""
    gain: float | None
    """How many times better than the reference by the objective; None where it was not measured."""
    is_free: bool
    """Whether the grid asked for it."""


class SearchCurve(msgspec.Struct, frozen=True):
    """What is believed of the metric between the samples."""

    densities: list[float]
    """Ascending; above a collapse, where there is one."""
    mean: list[float]
    sigma: list[float]
    """Standard deviation of the mean."""


class SearchOutcome(msgspec.Struct, frozen=True):
    """One scheme's search, at work or over."""

    scheme: str
    metric: str
    is_share: bool
    """Whether the metric is shown in percent."""
    objective: str
    method: str
    """`bisection` or `gaussian-process`; the one that decides just now."""
    eps: float
    sigmas: float
    budget: int
    reference: float
    """The metric's value in the dense model, on val."""
    samples: list[SearchSample]
    """In the order in which they were planned."""
    curve: SearchCurve | None
    """None before the first sample."""
    next: str = ""
    """The run that is wanted; empty where the search is over."""
    next_density: float | None = None
    chosen: str = ""
    """The best feasible run so far; empty where there is none."""
    reason: str = ""
    """Why it is over: `budget spent`, `nothing worth a run is left`; empty while it is at work."""

    @property
    def label(self) -> str:
        """The metric as on screens: `balanced accuracy`, `worst class AUROC`."""
        metric = metric_named(self.metric)
        return metric.label if metric else self.metric

    @property
    def bound(self) -> float:
        """The least value of the metric that is allowed."""
        return self.reference - self.eps

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be run."""
        return bool(self.reason)

    @property
    def num_planned(self) -> int:
        """Runs it costs at most, those that the grid asked for aside."""
        spent = sum(not sample.is_free for sample in self.samples)
        return spent if self.is_over else self.budget

    @property
    def best(self) -> SearchSample | None:
        """The chosen run's sample."""
        return next((each for each in self.samples if each.run == self.chosen), None)


class SearchRecord(msgspec.Struct, frozen=True):
    """All searches of a study."""

    searches: list[SearchOutcome] = []

    @property
    def num_planned(self) -> int:
        """Runs all of them cost at most."""
        return sum(search.num_planned for search in self.searches)


_decoder = msgspec.json.Decoder(SearchRecord)


def write_search(study: StudyFolder, record: SearchRecord) -> None:
    """Write it into the study's folder.

    Raises:
        OSError: the disk is full.
    """
    write_stored(study.search, record)


def read_search(study: StudyFolder) -> SearchRecord | None:
    """Read it; None where the study has searched for nothing yet.

    Raises:
        EnvironmentProblem: the file is damaged or of another version.
    """
    hint = f"`medtui resume {study.name}` writes it anew from the runs."
    return read_stored(study.search, _decoder, hint=hint)
