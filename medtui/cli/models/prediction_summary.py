"""The summary of predictions: counts of answers, unlike images, and files that were not read."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from medtui.control_characters import one_line
from medtui.protocol.inference import Alarm, ImageAnswer, ModelOpened
from medtui.units import format_count, format_percent, plural

_SHOWN_FILES = 3
"""Files that are named for each reason; the output has them all."""

_DETAIL = re.compile(r"\d[\d,.]*|'[^']*'")
"""Numbers and names, in which reasons of one kind differ."""


class PredictionSummary:
    """Counts over all answers."""

    def __init__(self, opened: ModelOpened) -> None:
        self._opened = opened
        self._answers = Counter[str]()
        self._unread: dict[str, list[ImageAnswer]] = defaultdict(list)
        self.num_answered = 0
        """Images that have an answer."""
        self._num_unlike = 0

    def add(self, images: Iterable[ImageAnswer]) -> None:
        """Count answers."""
        for each in images:
            if each.problem:
                self._unread[_DETAIL.sub("#", each.problem)].append(each)
                continue
            self.num_answered += 1
            self._answers.update(each.answers)
            self._num_unlike += bool(each.is_unlike)

    @property
    def text(self) -> str:
        """The summary, several lines."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        answered = ", ".join(
            f"{one_line(name)} {format_count(self._answers[name])}" for name in self._opened.classes
        )
        if self.num_answered:
            yield f"{plural(self.num_answered, 'image')} answered: {answered}"
        else:
            yield "no image was answered"
        if self._opened.alarm is not None and self.num_answered:
            share = format_percent(self._num_unlike / self.num_answered)
            yield (
                f"{format_count(self._num_unlike)} unlike the training images ({share}; "
                f"{describe_alarm(self._opened.alarm)})"
            )
        yield from self._opened.notes
        num_unread = sum(map(len, self._unread.values()))
        if num_unread:
            yield f"{plural(num_unread, 'file')} not answered:"
        for found in sorted(self._unread.values(), key=len, reverse=True):
            names = ", ".join(one_line(each.file) for each in found[:_SHOWN_FILES])
            more = ", ..." if len(found) > _SHOWN_FILES else ""
            yield f"  {format_count(len(found))}: {one_line(found[0].problem)}: {names}{more}"


def describe_alarm(alarm: Alarm) -> str:
    """Return how often images like the training images are called unlike them."""
    text = (
        f"falsely so {format_percent(alarm.val_share)} of the run's val images, by which the "
        "limit was chosen"
    )
    if not alarm.num_test:
        return f"{text}; its test is sealed"
    return f"{text}, and {format_percent(alarm.test_share)} of its test images"
