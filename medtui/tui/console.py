"""A Rich console whose text cannot steer the terminal: bars of the command line, crash reports."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from medtui.control_characters import escape_controls


class PrintableConsole(Console):
    """Escapes control characters in all text that it renders; Rich's own sequences pass."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable, their text escaped."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else escape_controls(text), style, control)
