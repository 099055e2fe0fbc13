"""The files of a study as trees of values, in which a JSON pointer names each number.

JSON and TOML files are what they hold. The others are reduced to what a card needs: a split to its
counts, a log to its events by number, without names of images and patients, a ledger to its lines,
and the predictions of two runs to the changes between them.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from medtui.analysis.baselines import baseline_of
from medtui.analysis.run_record import RunRecord
from medtui.errors import MedtuiError
from medtui.evidence.card.changes import changes_tree
from medtui.evidence.card.split_counts import split_counts
from medtui.preset.toml import parse_table, read_text
from medtui.runs.folder import RunFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.log.reader import EventTail
from medtui.runs.patient_groups import read_split
from medtui.runs.run_digests import predictions_path
from medtui.storage import DamagedFile, read_bytes

Tree = Any
"""Tables, lists, texts, numbers, truth values and None."""

_MAX_BYTES = 64 * 1024**2


class Documents:
    """The files that a card of one run is made of; each is read once."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self._trees: dict[str, Tree] = {}

    @property
    def run(self) -> RunFolder:
        """The run's folder."""
        return self.record.folder

    @cached_property
    def baseline(self) -> RunRecord | None:
        """The run's control, else its reference; None for a baseline itself."""
        return baseline_of(self.record, [self.record])

    @property
    def result_file(self) -> str:
        """Name of the run's result: that with its test where a gate opened it."""
        is_opened = self.record.result.seal == "opened"
        return f"{self.run.name}/{'opened/' if is_opened else ''}result.json"

    @property
    def changes_file(self) -> str:
        """Name of the predictions that changes are computed from, with those of the baseline."""
        path = predictions_path(self.run, self.record.result)
        return path.relative_to(self.run.study.path).as_posix()

    def value(self, file: str, key: str) -> Tree:
        """Return the value at a JSON pointer (RFC 6901) of a file; None where there is none.

        Raises:
            MedtuiError: the file is missing or damaged.
        """
        found = self._tree(file)
        for part in key.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(name)
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                return None
        return found

    def _tree(self, file: str) -> Tree:
        if file not in self._trees:
            self._trees[file] = self._read(file)
        return self._trees[file]

    def _read(self, file: str) -> Tree:
        path = self.run.study.path / file
        match path.name:
            case "split.jsonl":
                return split_counts(read_split(path))
            case "events.jsonl":
                return self._events(path)
            case "ledger.jsonl":
                return [msgspec.to_builtins(line) for line in read_ledger(self.run.study).lines]
            case "predictions.npz":
                return changes_tree(self.baseline, self.record)
            case _ if path.suffix == ".toml":
                return parse_table(read_text(path), str(path))
            case _:
                content = read_bytes(path, _MAX_BYTES)
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DamagedFile(path, str(error)) from error

    def _events(self, path: Path) -> Tree:
        """Return events by number, in which notes name no image and no patient of the split."""
        patients = set[str]()
        with suppress(MedtuiError):
            patients = {line.patient for line in read_split(self.run.split)}
        records = EventTail(path).read_all()
        found = {str(each.seq): msgspec.to_builtins(each.event) for each in records}
        for event in found.values():
            if event.get("kind") == "Noted":
                event["text"] = _without_names(event["text"], patients)
        return found


def _without_names(text: str, patients: AbstractSet[str]) -> str:
    """Return what was found in a data set without the examples that follow a colon."""
    words = text.partition(": ")[0].split(" ")
    return " ".join("(one)" if word.strip(".,;") in patients else word for word in words)


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer of keys, in which `/` and `~` are escaped."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def try_value(documents: Documents, file: str, key: str) -> Tree:
    """Return a value, or None where the file cannot be read."""
    try:
        return documents.value(file, key)
    except MedtuiError:
        return None
