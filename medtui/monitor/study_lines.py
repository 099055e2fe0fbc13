"""The latest lines of a study's logs, of all its runs together."""

from heapq import nlargest

from medtui.monitor.study_feed import StudyFeed
from medtui.monitor.study_summary import StudyLine

NUM_LINES = 40
"""Lines that are kept: a large terminal shows fewer."""


def latest_lines(study: StudyFeed) -> tuple[StudyLine, ...]:
    """Return the latest lines of the runs whose logs are read, the oldest first."""
    every = [
        StudyLine(run.folder.name, line.time, line.level, line.text)
        for run in study.runs
        for line in list(run.history.lines)[-NUM_LINES:]
    ]
    return tuple(nlargest(NUM_LINES, every, key=lambda each: each.time)[::-1])
