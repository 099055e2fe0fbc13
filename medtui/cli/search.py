"""What searches have found, told by lines."""

from typing import Any

import msgspec

from medtui.runs.catalogue import StudyFeed
from medtui.runs.search import SearchOutcome, SearchRecord
from medtui.units import format_number, format_percent

_GAINS = {
    "size": "times smaller packed",
    "macs": "times fewer multiply-adds",
    "latency": "times the speed on one image",
    "throughput": "times the images a second",
    "memory": "times less memory",
}


def describe_outcome(search: SearchOutcome) -> str:
    """Give what a search came to, or how far it is, in one sentence."""
    tried = f"{len(search.samples)} sample{'' if len(search.samples) == 1 else 's'}"
    bound = f"{_shown(search, search.bound)} {search.label} on val"
    best = search.best
    if best is None:
        found = f"no density keeps {bound} for sure" if search.samples else f"looking for {bound}"
        if any(sample.is_feasible and sample.gain is None for sample in search.samples):
            found = f"what keeps {bound} was not timed; see bench.log"
    else:
        kept = f"{_shown(search, best.metric)} {search.label} on val"
        found = f"density {best.density:.3g} has {kept}, bound {_shown(search, search.bound)}"
        if best.gain is not None:
            found += f", {best.gain:.3g} {_GAINS[search.objective]}"
    ending = f"{tried}, {search.reason}" if search.is_over else f"{tried}, next {search.next}"
    return f"{search.scheme}: {found} ({ending})"


def searches_of(study: StudyFeed) -> list[str]:
    """Give a sentence for each of a study's searches; none where it has none."""
    return [describe_outcome(each) for each in study.search.searches] if study.search else []


def search_objects(study: StudyFeed) -> list[dict[str, Any]]:
    """Give each search as plain JSON values."""
    record = study.search or SearchRecord()
    return [
        {"study": study.folder.name, "kind": "search", "bound": each.bound,
         **msgspec.to_builtins(each)}
        for each in record.searches
    ]  # fmt: skip


def _shown(search: SearchOutcome, value: float) -> str:
    return format_percent(value) if search.is_share else format_number(value)
