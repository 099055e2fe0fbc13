"""The points that a run's log and telemetry ask a tracker to hold."""

from medtui.runs.folder import RunFolder
from medtui.runs.log.reader import EventTail
from medtui.telemetry import read_samples
from tests.helpers.comet_archive import Point, points_expected


def points_of(run: RunFolder) -> list[Point]:
    """Return name, value and step of every number that is no result."""
    events = [record.event for record in EventTail(run.events).read_all()]
    samples, _ = read_samples(run.telemetry)
    return points_expected(events, samples)
