"""Summaries of all studies in a runs folder, kept up to date at little cost.

A study that does not run is read once; from then on its files are only asked whether they changed,
also by later starts of the program, which find its summary in the index. Live studies, and the one
that is opened, are followed event by event. What reads a study is imported when the first is read:
the models of presets take longer to import than a list from the index.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medtui.monitor.study_index import IndexedStudy, IndexRow, StudyIndex
from medtui.monitor.study_stamp import StudyStamp, own_stamps, study_stamp
from medtui.monitor.study_summary import StudySummary
from medtui.runs.folder import StudyFolder
from medtui.runs.subfolders import is_planned, subfolders
from medtui.runs.utf8_names import unreadable_names

if TYPE_CHECKING:
    from medtui.monitor.study_feed import StudyFeed

NUM_TURNS = 12
"""A study at rest is checked whole in one of so many scans; in the others, its own files are."""

_SAVED_AT_ONCE = 100
"""Studies per transaction while many are read for the first time."""


@dataclass
class _Entry:
    """A study, and what is known of it."""

    summary: StudySummary
    stamp: StudyStamp | None
    """What the folder was like; None while it changes, or may have."""
    feed: "StudyFeed | None"
    """None for studies at rest, of which the summary says everything."""


@dataclass
class StudyCatalogue:
    """Follows the studies of one runs folder. Not thread-safe."""

    runs_dir: Path
    problem: str = field(default="", init=False)
    """Which studies cannot be listed, and why; empty where all can."""

    def __post_init__(self) -> None:
        self._index = StudyIndex(self.runs_dir)
        self._rows: dict[str, IndexRow] | None = None
        self._entries = dict[str, _Entry]()
        self._unread = dict[str, StudyFolder]()
        self._unsaved = dict[str, IndexedStudy]()
        self._removed = set[str]()
        self._opened = ""
        self._turn = 0

    @property
    def num_unread(self) -> int:
        """Number of studies that are to be read, or checked."""
        return len(self._unread)

    @property
    def is_behind(self) -> bool:
        """Whether `advance` would read more at once."""
        return bool(self._unread) or any(map(_is_behind, self._feeds()))

    @property
    def is_undecided(self) -> bool:
        """Whether a later look will show if processes elsewhere are alive."""
        return any(feed.is_undecided for feed in self._feeds())

    def summaries(self) -> tuple[StudySummary, ...]:
        """Return what is known, live studies first, then by their latest event."""
        found = [entry.summary for entry in self._entries.values()]
        return tuple(
            sorted(found, key=lambda study: (not study.is_live, -study.last_at, study.name))
        )

    def scan(self, *, is_whole: bool = False) -> None:
        """List the folder, and choose what to read: all of it if `is_whole`."""
        if self._rows is None:
            self._rows = self._index.rows()
            self._removed = set(self._rows)
        folders = {path.name: StudyFolder(path) for path in subfolders(self.runs_dir)}
        self.problem = "\n".join(unreadable_names(self.runs_dir))
        for name in [name for name in self._entries if name not in folders]:
            del self._entries[name]
            self._removed.add(name)
        self._removed -= set(folders)
        self._turn += 1
        due = [
            folder
            for place, folder in enumerate(folders.values())
            if self._is_due(folder, is_turn=is_whole or (place + self._turn) % NUM_TURNS == 0)
        ]
        due.sort(key=lambda folder: -self._estimated_time(folder))
        self._unread = {folder.name: folder for folder in due}

    def advance(self, until: float = float("inf"), at_least: int = 0) -> None:
        """Read what `scan` chose until a time of the monotonic clock, and the rest of long logs."""
        num_read = 0
        while self._unread and (num_read < at_least or time.monotonic() < until):
            name = next(iter(self._unread))
            self._read(self._unread.pop(name))
            num_read += 1
            if len(self._unsaved) >= _SAVED_AT_ONCE:
                self._save()
        for feed in [each for each in self._feeds() if _is_behind(each)]:
            self._refresh(feed)
        if not self._unread:
            self._save()

    def follow(self) -> None:
        """Read what was added to live studies and to the opened one."""
        for name, entry in list(self._entries.items()):
            if entry.feed is not None and (entry.summary.is_live or name == self._opened):
                self._refresh(entry.feed)

    def refresh_undecided(self) -> None:
        """Look again at the studies of processes elsewhere."""
        for feed in [each for each in self._feeds() if each.is_undecided]:
            self._refresh(feed)

    def open(self, name: str) -> "StudyFeed | None":
        """Return a study's feed, which is kept until another is opened; None without a study."""
        before = self._entries.get(self._opened) if self._opened != name else None
        if before is not None and before.stamp is not None:
            before.feed = None
        self._opened = name
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.feed is None:
            entry.feed = _feed_of(StudyFolder(self.runs_dir / name))
            entry.feed.refresh()
        return entry.feed

    def newest(self, count: int) -> tuple[StudySummary, ...]:
        """Return the newest studies that have so many runs together, after a first `scan`.

        Of studies at rest that are in the index, no others are read.
        """
        rows = self._rows or {}
        waiting, self._unread = self._unread, {}
        at_rest = [
            folder for folder in waiting.values()
            if folder.name in rows and rows[folder.name].own == own_stamps(folder)
        ]  # fmt: skip
        resting = {folder.name for folder in at_rest}
        self._unread = {name: each for name, each in waiting.items() if name not in resting}
        self.advance()
        for folder in at_rest:
            if self._num_runs_since(rows[folder.name].last_at) >= count:
                break
            self._read(folder)
        self._save()
        return self.summaries()

    def _num_runs_since(self, moment: float) -> int:
        """Return the number of runs in studies that would be listed before one of that time."""
        known = [entry.summary for entry in self._entries.values()]
        return sum(len(each.runs) for each in known if each.is_live or each.last_at >= moment)

    def _feeds(self) -> "Iterator[StudyFeed]":
        return (entry.feed for entry in self._entries.values() if entry.feed is not None)

    def _is_due(self, folder: StudyFolder, *, is_turn: bool) -> bool:
        entry = self._entries.get(folder.name)
        if entry is None:
            return is_planned(folder.path)
        return is_turn or entry.stamp is None or entry.stamp.own != own_stamps(folder)

    def _estimated_time(self, folder: StudyFolder) -> float:
        """Return a study's latest event by the index; one that it does not know comes first."""
        row = (self._rows or {}).get(folder.name)
        return row.last_at if row is not None else float("inf")

    def _read(self, folder: StudyFolder) -> None:
        """Read a study, unless its files are what they were."""
        name, stamp = folder.name, study_stamp(folder)
        entry = self._entries.get(name)
        if entry is not None and entry.stamp == stamp:
            return
        if entry is None and name in (self._rows or {}):
            known = self._index.study(name)
            if known is not None and known.stamp == stamp:
                self._entries[name] = _Entry(known.summary, stamp, None)
                return
        if not is_planned(folder.path):
            self._entries.pop(name, None)
            return
        feed = entry.feed if entry else None
        self._refresh(feed or _feed_of(folder), stamp)

    def _refresh(self, feed: "StudyFeed", stamp: StudyStamp | None = None) -> None:
        from medtui.monitor.summary_of_study import summarise_study

        name = feed.folder.name
        stamp = stamp or study_stamp(feed.folder)  # before reading, so that no change is missed
        feed.refresh()
        summary = summarise_study(feed)
        before = self._entries.get(name)
        if before is not None and before.summary == summary:
            summary = before.summary  # so that snapshots are compared by identity
        if not (stamp.is_settled and _is_at_rest(feed)):
            self._entries[name] = _Entry(summary, None, feed)
            return
        if before is None or before.stamp != stamp:
            self._unsaved[name] = IndexedStudy(stamp, summary)
        kept = feed if name == self._opened else None
        self._entries[name] = _Entry(summary, stamp, kept)

    def _save(self) -> None:
        if self._index.update(self._unsaved, self._removed):
            self._unsaved, self._removed = {}, set()


def _feed_of(folder: StudyFolder) -> "StudyFeed":
    from medtui.monitor.study_feed import StudyFeed

    return StudyFeed(folder, is_brief=True)


def _is_behind(feed: "StudyFeed") -> bool:
    return any(run.is_behind for run in feed.runs)


def _is_at_rest(feed: "StudyFeed") -> bool:
    """Return whether nothing but a change of its files can change what is known of a study."""
    is_active = feed.is_live or feed.is_silent or feed.is_undecided or _is_behind(feed)
    is_active |= bool(feed.count("waiting"))
    return not is_active and not any(run.is_live or run.is_silent for run in feed.runs)
