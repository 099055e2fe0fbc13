"""What a study found so far: each run's change on test, and two sentences. Loads no numpy.

The first sentence names the compression that one may use, the second what has to be known before.
Outcomes hold plain values, so that they can be kept between starts.
"""

from dataclasses import dataclass

from medtui.analysis.verdict_state import State
from medtui.metrics import Metric, Task, primary_metric
from medtui.units import SEALED, format_factor, plural


@dataclass(frozen=True)
class RunOutcome:
    """A finished run and its change from its baseline, on test."""

    name: str
    """Name of its folder."""
    value: float | None
    """The primary metric; None where it is undefined."""
    bytes_packed: int
    smaller: float | None
    """How often its sparse size fits into its dense reference; None for what is dense."""
    change: float | None = None
    """None for the baseline, and where the runs cannot be compared."""
    low: float | None = None
    """Lower end of the change's 95 % interval; None where there are too few patients for one."""
    high: float | None = None
    text: str = ""
    """`+0.3 [-0.3, +1.0]`."""
    state: State | None = None
    """Verdict on the change; None without one, and for references and controls."""
    own: tuple[float, float] | None = None
    """The 95 % interval of the metric itself; None where there are too few patients for one."""
    curve: tuple[float, ...] = ()
    """The primary metric on val by cycle, where it is defined; empty for very long logs."""


@dataclass(frozen=True)
class ChosenRun:
    """The compression that one may use."""

    title: str
    names: tuple[str, ...]
    """Its runs, which differ in their seeds alone."""
    smaller: float | None
    text: str
    """Its change on test, averaged over seeds."""
    state: State
    detail: str
    """The verdict in words."""


@dataclass(frozen=True)
class StudyOutcome:
    """What a study found so far."""

    task: Task
    margin: float
    against: str
    """`control` or `reference`, from which changes are counted."""
    num_patients: int
    """Patients of the test split; 0 where they are unknown."""
    num_images: int
    runs: tuple[RunOutcome, ...]
    """The finished runs, without low-fidelity ones."""
    chosen: ChosenRun | None = None
    has_compression: bool = False
    warnings: tuple[str, ...] = ()
    """What has to be known before a model is used, the gravest first."""
    problems: tuple[str, ...] = ()
    """Why runs could not be compared."""
    is_sealed: bool = False
    """Whether the chosen runs' test is not evaluated until a gate opens it."""

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        return primary_metric(self.task)

    def run(self, name: str) -> RunOutcome | None:
        """Return a run's outcome; None where it is not finished."""
        return next((each for each in self.runs if each.name == name), None)

    @property
    def sample(self) -> str:
        """What the change was measured on: `29 test patients`."""
        if self.num_patients:
            return plural(self.num_patients, "test patient")
        return f"{plural(self.num_images, 'image')} of unknown patients"

    @property
    def headline(self) -> str:
        """The chosen compression with its numbers; else why there is none."""
        chosen = self.chosen
        if chosen is None:
            if not self.has_compression:
                return "No compression is finished yet."
            return "No compressed run is shown to be non-inferior on val, so none is chosen."
        if self.is_sealed:
            return f"{chosen.title}: {_size(chosen.smaller)}chosen on val; test is {SEALED}"
        label = self.metric.label
        return f"{chosen.title}: {_size(chosen.smaller)}{label} {chosen.text}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The headline with the verdict, its margin and what it rests on, the longest first."""
        if self.chosen is None:
            has_mark = any(run.state == "non-inferior" for run in self.runs)
            longer = f"{self.headline} Marks beside runs are verdicts on test."
            return (longer, self.headline) if has_mark else (self.headline,)
        if self.is_sealed:
            return (f"{self.headline} until `medtui gate` opens it by a plan.", self.headline)
        amount = self.metric.show_amount(self.margin)
        amount = "1 point" if amount == "1 points" else amount
        word, who = self.chosen.detail, f"the {self.against}"
        few = self.sample.replace("test ", "")
        return (
            f"{self.headline} against {who}: {word} at {amount} on {self.sample} (chosen on val).",
            f"{self.headline} against {who}: {word} at {amount} on {self.sample}.",
            f"{self.headline} to {self.against}: {word} at {amount} on {few}.",
            f"{self.headline} to {self.against}: {word} on {few}.",
            f"{self.headline}: {word} on {few}.",
            f"{self.headline}: {word}.",
            self.headline,
            f"{self.chosen.title}: {self.metric.label} {self.chosen.text}",
        )


def _size(smaller: float | None) -> str:
    return f"{format_factor(smaller)} smaller, " if smaller else ""
