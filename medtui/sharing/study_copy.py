"""Copies a study under pseudonyms, file by file, so that readers find the same numbers in it.

Each file is written as its own module writes it, with the checksums of what was written. Files that
no rule here knows are left out: logs of processes, exports (they carry the data set's digest),
features of train images, checkpoints, trackers.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medtui.preset.toml import read_text
from medtui.runs.external_record import (
    ExternalFolder,
    external_folders,
    folder_of,
    pack_answers,
    read_answers,
    read_external,
)
from medtui.runs.folder import RunFolder
from medtui.runs.patient_groups import read_split
from medtui.runs.predictions import read_predictions
from medtui.sharing.array_copy import (
    shared_answers,
    shared_changes,
    shared_predictions,
    shared_split,
)
from medtui.sharing.ledger_copy import shared_ledger
from medtui.sharing.marker import marker_bytes, marker_path
from medtui.sharing.members import Chosen, Member, gate_files, is_opened, name_in_pack
from medtui.sharing.pseudonyms import Pseudonyms
from medtui.sharing.record_copy import (
    read_table,
    shared_external,
    shared_log,
    shared_model_record,
    shared_provenance,
    shared_record,
    shared_result,
    shared_telemetry,
)
from medtui.sharing.scrubbing import Scrubber, shared_preset
from medtui.storage import DamagedFile, FileDigest, digest_of, digest_of_file, read_bytes

_MAX_TEXT_BYTES = 1024**3


@dataclass
class StudyCopy:
    """The copy of one study under construction."""

    chosen: Chosen
    pseudonyms: Pseudonyms
    _digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each copied file to that of its copy."""
    _split: tuple[str, bytes] = ("", b"")
    """Digest and copy of the split that was copied last: most runs of a study have the same."""

    def __post_init__(self) -> None:
        self._scrubber = Scrubber(self.pseudonyms)

    def members(self) -> Iterator[Member]:
        """Yield the copies of the files of a study.

        Raises:
            MedtuiError: a file is damaged, or names an image that no split has.
        """
        study, identifiers = self.chosen.study, self.pseudonyms.identifiers
        for run in self.chosen.runs:
            yield from self._run(run)
        yield Member(name_in_pack(study, study.preset), self._preset(study.preset))
        if study.search.is_file():
            yield self._copied(
                study.search, shared_record(read_table(study.search), self._scrubber)
            )
        if study.ledger.is_file():
            content = shared_ledger(study, self._digests, self.pseudonyms)
            yield Member(name_in_pack(study, study.ledger), content)
        marker = marker_bytes(len(identifiers.patients), len(identifiers.images))
        yield Member(name_in_pack(study, marker_path(study)), marker)

    def _run(self, run: RunFolder) -> Iterator[Member]:
        files = dict[str, FileDigest]()
        for path, content in self._files_of(run):
            files[path.name] = _digest_of(content)
            yield self._copied(path, content)
        if run.bench.is_file():
            yield self._copied(run.bench, shared_record(read_table(run.bench), self._scrubber))
        for external in external_folders(run):
            yield from self._external(run, external)
        for path in gate_files(run):
            yield self._copied(path, self._gate(path))
        if is_opened(run):
            yield from self._opened(run, files)
        if run.result.is_file():
            content = shared_result(read_table(run.result), files, self._scrubber)
            yield self._copied(run.result, content)

    def _files_of(self, run: RunFolder) -> Iterator[tuple[Path, bytes | Path]]:
        """Yield the files of a run that its result records, and what is written for them."""
        scrubber = self._scrubber
        makers: dict[Path, Callable[[Path], bytes | Path]] = {
            run.preset: self._preset,
            run.provenance: lambda path: shared_provenance(read_table(path), scrubber),
            run.events: lambda _: shared_log(run, scrubber),
            run.telemetry: lambda _: shared_telemetry(run),
            run.split: self._split_of,
            run.model: lambda path: path,
            run.shrunk: lambda path: path,
            run.model_record: lambda path: shared_model_record(read_table(path), scrubber),
            run.narrowed: lambda path: shared_record(read_table(path), scrubber),
            run.shrunk_manifest: lambda path: shared_record(read_table(path), scrubber),
        }
        for path, make in makers.items():
            if path.is_file():
                yield path, _copy_of(path, make)
        yield from self._answers_of(run)

    def _answers_of(self, run: RunFolder) -> Iterator[tuple[Path, bytes]]:
        if run.predictions.is_file():
            predictions = read_predictions(run.predictions)
            yield run.predictions, shared_predictions(predictions, self.pseudonyms)
        if run.changed.is_file():
            yield run.changed, self._changes(run.changed)

    def _opened(self, run: RunFolder, files: dict[str, FileDigest]) -> Iterator[Member]:
        """Yield the result with the test that a gate has opened, and what belongs to it."""
        own = dict(files)
        for path, content in self._answers_of(run.opened):
            own[path.name] = _digest_of(content)
            yield self._copied(path, content)
        content = shared_result(read_table(run.opened.result), own, self._scrubber)
        yield self._copied(run.opened.result, content)

    def _external(self, run: RunFolder, folder: ExternalFolder) -> Iterator[Member]:
        result = read_external(folder)
        if result is None:
            return
        target = folder_of(run, self.pseudonyms.digest(result.digest), result.model_name)
        answers = pack_answers(shared_answers(read_answers(run, result), self.pseudonyms))
        yield self._copied(folder.predictions, answers, target.predictions)
        table = read_table(folder.result)
        content = shared_external(table, digest_of(answers), self._scrubber)
        yield self._copied(folder.result, content, target.result)

    def _changes(self, path: Path) -> bytes:
        """Return `changed.csv`.

        Raises:
            DamagedFile: it is no table of changed images.
        """
        content = read_bytes(path, _MAX_TEXT_BYTES)
        try:
            return shared_changes(content.decode(), self.pseudonyms)
        except (ValueError, IndexError, csv.Error) as error:
            raise DamagedFile(path, "it is no table of changed images") from error

    def _gate(self, path: Path) -> bytes:
        """Return what a gate found, without the text of the plan, which a person wrote."""
        table = read_table(path)
        digest = self.pseudonyms.digest(str(table.get("plan_sha256", "")))
        return shared_record(table | {"plan_text": "", "plan_sha256": digest}, self._scrubber)

    def _preset(self, path: Path) -> bytes:
        content = shared_preset(read_text(path), str(path))
        return self._scrubber.words.replace(content).encode()

    def _split_of(self, path: Path) -> bytes:
        digest = digest_of_file(path).sha256
        if self._split[0] != digest:
            self._split = digest, shared_split(read_split(path), self.pseudonyms)
        return self._split[1]

    def _copied(self, path: Path, content: bytes | Path, target: Path | None = None) -> Member:
        """Return a member; note its digest, which lines of the ledger may name."""
        if not isinstance(content, Path):
            self._digests[digest_of_file(path).sha256] = digest_of(content).sha256
        else:
            same = digest_of_file(path).sha256
            self._digests[same] = same
        return Member(name_in_pack(self.chosen.study, target or path), content)


def _copy_of(path: Path, make: Callable[[Path], bytes | Path]) -> bytes | Path:
    """Return what `make` writes for a file. A record without a checksum may have any content.

    Raises:
        MedtuiError: the file is damaged.
    """
    try:
        return make(path)
    except (AttributeError, KeyError, TypeError) as error:
        raise DamagedFile(path, f"it is no record of this kind ({error!r})") from error


def _digest_of(content: bytes | Path) -> FileDigest:
    return digest_of_file(content) if isinstance(content, Path) else digest_of(content)
