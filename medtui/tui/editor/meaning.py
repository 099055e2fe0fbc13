"""Texts of a form that change, and the meaning of a field."""

import re

from rich.text import Text
from textual.app import RenderResult
from textual.widgets import Static


class ChangingText(Static):
    """Text that is laid out again only when it has changed."""

    _shown: Text | None = None

    def show(self, text: Text) -> None:
        """Replace the text if it has changed."""
        if text != self._shown or text.style != self._shown.style:
            self._shown = text
            self.update(text)


class Meaning(ChangingText):
    """A key's meaning; on one line, as many of its whole parts as fit."""

    def render(self) -> RenderResult:
        """Return the text, or on one line the parts that fit."""
        if self._shown is None or self.styles.text_wrap != "nowrap":
            return super().render()
        return Text(whole_parts(self._shown.plain, self.content_size.width), self._shown.style)


def whole_parts(text: str, width: int) -> str:
    """Return the longest beginning of a text that fits and ends before a mark of punctuation."""
    if len(text) <= width:
        return text
    ends = [found.start() for found in re.finditer(r" ?[:;,.](?= )|  | \(", text)]
    return next((text[:end] for end in reversed(ends) if end <= width), "")
