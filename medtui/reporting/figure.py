"""One figure of a report: its name, what it says, how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medtui.reporting.contents import Contents
from medtui.reporting.style import HEIGHT_INCHES


@dataclass(frozen=True)
class Figure:
    """One figure."""

    name: str
    """As `--figure` says it."""
    title: str
    caption: str
    """What is shown and on which split; `{metric}` stands for the headline metric."""
    paint: Callable[[Contents, Any], None]
    """Draws on a matplotlib figure."""
    applies: Callable[[Contents], bool] = lambda _: True
    """Whether these runs have something to show there."""
    height: float = HEIGHT_INCHES
    """Inches."""

    def describe(self, contents: Contents) -> str:
        """Give the caption in these runs' words."""
        label = contents.headline.label
        return self.caption.format(metric=label[:1].upper() + label[1:])
