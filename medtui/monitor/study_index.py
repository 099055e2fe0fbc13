"""Summaries of studies that do not run, kept in the user's cache folder between starts.

The index is derived from the runs folder and may be deleted at any time. It never decides anything:
a summary is used only while the files behind it are what they were. Several processes may use it at
once; one that finds it locked, damaged or on a disk without space goes on without it.
"""

import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec

from medtui import __version__
from medtui.analysis.outcome import ChosenRun, RunOutcome, StudyOutcome, ValChange
from medtui.errors import MedtuiError
from medtui.monitor.progress import Progress
from medtui.monitor.run_summary import RunSummary
from medtui.monitor.study_stamp import StudyStamp
from medtui.monitor.study_summary import StudySummary
from medtui.storage.file_stamp import FileStamp
from medtui.user_folders import expand_home, user_folder

NAME = "studies.sqlite3"

WAIT_S = 0.5
"""How long another process may hold the index before this one goes on without it, seconds."""

_KINDS = (StudySummary, RunSummary, Progress, StudyOutcome, RunOutcome, ChosenRun, ValChange)
_FIELDS = [each.name for kind in _KINDS for each in fields(kind)]
_FORMAT = zlib.crc32(f"2 {__version__} {_FIELDS}".encode()) & 0x7FFF_FFFF
"""Of the stored summaries: another version's are discarded."""

_TABLES = {
    "studies": "folder TEXT, name TEXT, own BLOB, stamp BLOB, last_at REAL, num_runs INTEGER, "
    "summary BLOB",
    "outcomes": "folder TEXT, name TEXT, fingerprint INTEGER, outcome BLOB",
}

_own_decoder = msgspec.msgpack.Decoder(tuple[FileStamp, ...])
_stamp_decoder = msgspec.msgpack.Decoder(StudyStamp)
_summary_decoder = msgspec.msgpack.Decoder(StudySummary)
_outcome_decoder = msgspec.msgpack.Decoder(StudyOutcome | None)
_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True)
class IndexedStudy:
    """A summary, and what its folder was like when it was made."""

    stamp: StudyStamp
    summary: StudySummary


@dataclass(frozen=True)
class IndexRow:
    """What the index tells of a study without its summary."""

    own: tuple[FileStamp, ...]
    last_at: float
    num_runs: int


def index_path() -> Path:
    """Return the index's file: in `MEDTUI_CACHE_DIR`, else in the user's cache folder.

    Raises:
        EnvironmentProblem: there is no home directory to have one in.
    """
    given = os.environ.get("MEDTUI_CACHE_DIR")
    return (expand_home(given) if given else user_folder("cache")) / NAME


class StudyIndex:
    """The index of one runs folder."""

    def __init__(self, runs_dir: Path) -> None:
        self._folder = os.path.realpath(runs_dir)

    def rows(self) -> dict[str, IndexRow]:
        """Return all studies by name; empty where the index cannot be read."""
        query = "SELECT name, own, last_at, num_runs FROM studies WHERE folder = ?"
        found = dict[str, IndexRow]()
        for name, own, last_at, num_runs in self._select(query, (self._folder,)):
            with suppress(msgspec.DecodeError, TypeError):
                found[name] = IndexRow(_own_decoder.decode(own), last_at, num_runs)
        return found

    def study(self, name: str) -> IndexedStudy | None:
        """Return a study's entry; None where there is none that can be read."""
        query = "SELECT stamp, summary FROM studies WHERE folder = ? AND name = ?"
        for stamp, summary in self._select(query, (self._folder, name)):
            with suppress(msgspec.DecodeError, TypeError):
                return IndexedStudy(_stamp_decoder.decode(stamp), _summary_decoder.decode(summary))
        return None

    def update(self, studies: Mapping[str, IndexedStudy], removed: Iterable[str] = ()) -> bool:
        """Store entries and delete others, all or nothing; return False to be called again."""
        rows = [
            (self._folder, name, _encoder.encode(each.stamp.own), _encoder.encode(each.stamp),
             each.summary.last_at, len(each.summary.runs), _encoder.encode(each.summary))
            for name, each in studies.items()
        ]  # fmt: skip
        gone = [(self._folder, name) for name in removed]
        if not rows and not gone:
            return True
        return self._write(
            ("REPLACE INTO studies VALUES (?, ?, ?, ?, ?, ?, ?)", rows),
            ("DELETE FROM studies WHERE folder = ? AND name = ?", gone),
            ("DELETE FROM outcomes WHERE folder = ? AND name = ?", gone),
        )

    def outcome(self, name: str, fingerprint: int) -> tuple[StudyOutcome | None] | None:
        """Return what a study found, in a tuple; None where the index does not know."""
        query = "SELECT outcome FROM outcomes WHERE folder = ? AND name = ? AND fingerprint = ?"
        for (outcome,) in self._select(query, (self._folder, name, fingerprint)):
            with suppress(msgspec.DecodeError, TypeError):
                return (_outcome_decoder.decode(outcome),)
        return None

    def store_outcome(self, name: str, fingerprint: int, outcome: StudyOutcome | None) -> None:
        """Store what a study found; `fingerprint` identifies the runs that were compared."""
        row = (self._folder, name, fingerprint, _encoder.encode(outcome))
        self._write(("REPLACE INTO outcomes VALUES (?, ?, ?, ?)", [row]))

    def _write(self, *statements: tuple[str, Sequence[tuple[object, ...]]]) -> bool:
        """Execute statements together; return False to be called again."""
        try:
            with closing(_connect()) as connection, connection:
                for statement, rows in statements:
                    connection.executemany(statement, rows)
        except sqlite3.OperationalError:
            return False  # locked by another process, read-only or without space
        except sqlite3.DatabaseError:
            _discard()
            return False
        except (OSError, MedtuiError):
            return True  # there is no folder for it
        return True

    def _select(self, query: str, values: tuple[str | int, ...]) -> list[tuple]:  # type: ignore[type-arg]
        try:
            with closing(_connect()) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []
        except sqlite3.DatabaseError:
            _discard()
        except (OSError, MedtuiError):
            return []
        return []


def _connect() -> sqlite3.Connection:
    """Open the index, and create it anew where it is of another version."""
    path = index_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=WAIT_S)
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found != _FORMAT:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for table, columns in _TABLES.items():
                    key = "PRIMARY KEY (folder, name)"
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                    connection.execute(f"CREATE TABLE {table} ({columns}, {key}) WITHOUT ROWID")
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
    except BaseException:
        connection.close()
        raise
    return connection


def _discard() -> None:
    """Delete an index that is no database any more; the next writer creates it again."""
    with suppress(OSError, MedtuiError):
        index_path().unlink()
