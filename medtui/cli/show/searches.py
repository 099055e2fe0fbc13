"""The outcomes of searches as sentences and JSON objects."""

from typing import Any

import msgspec

from medtui.analysis.search_tables import describe_outcome
from medtui.monitor.study_feed import StudyFeed
from medtui.runs.search_record import SearchRecord


def searches_of(study: StudyFeed) -> list[str]:
    """Return a sentence for each search of a study."""
    return [describe_outcome(each) for each in study.search.searches] if study.search else []


def search_objects(study: StudyFeed) -> list[dict[str, Any]]:
    """Return each search as plain JSON values."""
    record = study.search or SearchRecord()
    return [
        {"study": study.folder.name, "kind": "search", "bound": each.bound,
         **msgspec.to_builtins(each)}
        for each in record.searches
    ]  # fmt: skip
