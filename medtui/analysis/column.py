"""One column of run tables, filters and files: a property of a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from medtui.analysis.run_record import RunRecord
from medtui.metrics import VAL_USE, Metric, PositiveClass
from medtui.units import SEALED, format_number

Value = float | str | None
"""None if it was not measured or does not apply."""

Split = Literal["val", "test"]


FORMER_NAMES: Mapping[str, str] = {
    "reached": "actual_density",
    "packed": "sparse_size",
    "bytes": "dense_size",
    "dead": "collapsed_layers",
}
"""Names of columns in earlier versions, still accepted in tables and filters, to the present ones.

JSON output keeps them as keys.
"""


_OF_TEST = frozenset({"flips"})
"""Columns about test that show no metric."""


@dataclass(frozen=True)
class Column:
    """One property of a run."""

    name: str
    """As `--columns` and filters name it."""
    label: str
    """Header of the column; names the split where there is one."""
    read: Callable[[RunRecord], Value]
    show: Callable[[float | None], str] = format_number
    """Formats a number; text is shown as it is."""
    metric: Metric | None = None
    """The metric that the column shows, which makes paired differences possible."""
    split: Split = "test"
    """The split that `metric` was measured on."""
    higher_is_better: bool | None = None
    """None if neither direction is better."""
    is_text: bool = False
    opens: Literal["result", "preset", "telemetry", "bench", "exports"] = "result"
    """The file it is read from: a result is in memory already, the others take time to read."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Stored values to the words shown for them; filters accept both."""

    def text(self, entry: RunRecord) -> str:
        """Return the run's value as it is shown."""
        value = self.read(entry)
        if value is None and self.is_of_test and entry.result.is_sealed:
            return SEALED
        return self.words.get(value, value) if isinstance(value, str) else self.show(value)

    @property
    def is_of_test(self) -> bool:
        """Whether it shows what test was evaluated for."""
        return self.split == "test" and (self.metric is not None or self.name in _OF_TEST)

    @property
    def is_of_positive(self) -> bool:
        """Whether it shows a metric of the positive class."""
        return self.metric is not None and self.metric.is_of_positive

    def label_for(self, positive: PositiveClass | None) -> str:
        """Return the header with the class it is about: `test sensitivity for COVID`.

        That of a val metric says what val was used for: runs were chosen by it.
        """
        if self.metric is None:
            return self.label
        use = f" ({VAL_USE})" if self.split == "val" else ""
        return f"{self.split} {self.metric.label_for(positive)}{use}"

    @property
    def json_key(self) -> str:
        """The column's key in JSON output: its first name, which programs read."""
        return next((former for former, now in FORMER_NAMES.items() if now == self.name), self.name)

    def number(self, entry: RunRecord) -> float | None:
        """Return the run's value if it is a number, else None."""
        value = self.read(entry)
        return None if isinstance(value, str) else value
