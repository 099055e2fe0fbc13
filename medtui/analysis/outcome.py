"""What a study found so far: each run's change on test, and its sentences. Loads no numpy.

The first sentence names the compression that one may use, the second the change on val by which it
was chosen; warnings say what has to be known before. Outcomes hold plain values, so that they can
be kept between starts.
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
class ValChange:
    """The change of one setting of a compression on val, by which a setting is chosen."""

    title: str
    names: tuple[str, ...]
    """Its runs, which differ in their seeds alone."""
    text: str
    """Averaged over seeds: `-0.3 [-1.2, +0.6]`."""
    low: float | None
    """Lower end of its 95 % interval; None where there are too few patients for one."""
    holds: bool
    """Whether a loss as large as the margin is excluded."""
    detail: str = ""
    """The verdict's detail, as `no change in too few patients`."""


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
    on_val: tuple[ValChange, ...] = ()
    """Of each finished setting that has a baseline."""
    num_val_patients: int = 0
    """Patients of the val split; 0 where they are unknown."""
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

    def val_change(self, name: str) -> ValChange | None:
        """Return the change on val of a run's setting; None where it has none."""
        return next((each for each in self.on_val if name in each.names), None)

    @property
    def closest_on_val(self) -> ValChange | None:
        """The setting that comes closest to excluding a loss as large as the margin on val."""
        known = [each for each in self.on_val if each.low is not None]
        return max(known, key=lambda each: each.low or 0.0, default=None)

    def sentences(self, *, are_runs_left: bool = False) -> tuple[str, ...]:
        """Return what one may use and what it was measured on, the longest form first.

        While runs are left, that none is chosen is said of those which are finished.
        """
        amount = self.metric.show_amount(self.margin)
        if self.chosen is None:
            if not self.has_compression:
                return ("No compression is finished yet.",)
            none = (
                "No compression is chosen so far" if are_runs_left else "No compression is chosen"
            )
            none += f": on val none excludes a loss of {amount}"
            return (f"{none} of {self.metric.label}.", f"{none}.")
        if self.is_sealed:
            smaller = self.chosen.smaller
            size = f"sparse file {format_factor(smaller)} smaller, " if smaller else ""
            said = f"{self.chosen.title}: {size}chosen on val; test is {SEALED}"
            return (f"{said} until `medtui gate` opens it by a plan.", said)
        label, word, who = self.metric.label, self.chosen.detail, f"the {self.against}"
        name, change, few = self.chosen.title, self._in_points(self.chosen.text), self._sample
        smaller = self.chosen.smaller
        size = f"sparse file {format_factor(smaller)} smaller, " if smaller else ""
        short = f"file {format_factor(smaller)} smaller, " if smaller else ""
        return (
            f"{name}: {size}test {label} {change} against {who}: {word} at {amount} on {few}.",
            f"{name}: {size}test {label} {change} to {self.against}: {word} on {few}.",
            f"{name}: {size}test {label} {change}: {word} on {few}.",
            f"{name}: {size}test {label} {change}: {word}.",
            f"{name}: {short}test {label} {self.chosen.text}: {word}.",
            f"{name}: test {label} {self.chosen.text}: {word}.",
            f"{name}: test {label} {self.chosen.text}.",
        )

    def choice(self, *, are_runs_left: bool = False) -> tuple[str, ...]:
        """Return by which change on val a compression is chosen, or none, the longest form first.

        While runs are left, the choice is one so far.
        """
        so_far = " so far" if are_runs_left else ""
        if self.chosen is not None:
            found = self.val_change(self.chosen.names[0])
            if found is None:
                return ()
            amount = self.metric.show_amount(self.margin)
            said = f"Chosen{so_far} by its {self.metric.label} on val, "
            said += self._in_points(found.text)
            return (
                f"{said}: the smallest file that excludes a loss of {amount} there.",
                f"{said}.",
                f"Chosen{so_far} on val: {self._in_points(found.text)}.",
            )
        closest = self.closest_on_val
        if closest is None:
            return ()
        label, change = self.metric.label, self._in_points(closest.text)
        on = f" on {plural(self.num_val_patients, 'patient')}" if self.num_val_patients else ""
        why = f": {closest.detail}" if closest.detail else ""
        on_val = f"Closest on val{so_far}"
        return (
            f"{on_val}: {closest.title}, {label} {change} to the {self.against}{on}{why}.",
            f"{on_val}: {closest.title}, {label} {change}{on}{why}.",
            f"{on_val}: {closest.title}, {label} {change}{on}.",
            f"{on_val}: {closest.title}, {label} {change}.",
            f"{on_val}: {closest.title} {closest.text}.",
        )

    @property
    def _sample(self) -> str:
        return self.sample.replace("test ", "")

    def _in_points(self, text: str) -> str:
        """Return a change with its unit: `-0.3 [-1.2, +0.6] points`."""
        return f"{text} points" if self.metric.is_share else text
