"""Checks a study's ledger, and the files that its lines name."""

from collections.abc import Iterator
from pathlib import Path

from medtui.errors import MedtuiError
from medtui.runs.file_check import FileCheck
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.ledger import read_ledger, verify_ledger
from medtui.runs.result import read_opened_result
from medtui.runs.sealing import opened_name, require_sha256
from medtui.storage import MissingFile, UnreadableFile, require_digest


def check_ledger(study: StudyFolder) -> Iterator[FileCheck]:
    """Yield the state of a study's ledger, if it has one."""
    if not study.ledger.exists():
        return
    try:
        broken = verify_ledger(study)
    except UnreadableFile as error:
        yield FileCheck(study.ledger, "damaged", error.reason)
        return
    if broken is None:
        yield FileCheck(study.ledger, "ok")
    else:
        yield FileCheck(study.ledger, "damaged", str(broken))


def check_looks(run: RunFolder) -> Iterator[FileCheck]:
    """Yield the states of a run's files that lines of the ledger name.

    Results of `evaluate` may have been deleted since: they are checked where they are.
    """
    try:
        lines = read_ledger(run.study).lines
    except UnreadableFile:
        return
    named: dict[str, tuple[str, bool]] = {}
    for line in lines:
        for name, digest in line.results.items():
            if name.startswith(f"{run.name}/"):
                named[name] = (digest, line.verb == "gate")
    for name, (digest, must_exist) in named.items():
        yield from _check(run.study.path / name, digest, must_exist=must_exist)
    if opened_name(run) in named:
        yield from _check_opened(run)


def _check(path: Path, digest: str, *, must_exist: bool) -> Iterator[FileCheck]:
    try:
        require_sha256(path, digest)
    except MissingFile as error:
        if must_exist:
            yield FileCheck(path, "missing", error.reason)
    except UnreadableFile as error:
        yield FileCheck(path, "damaged", error.reason)
    else:
        yield FileCheck(path, "ok")


def _check_opened(run: RunFolder) -> Iterator[FileCheck]:
    """Yield the states of the predictions and changes beside an opened result."""
    try:
        opened = read_opened_result(run)
    except MedtuiError:
        return  # it is listed by its own name
    for path in (run.opened.predictions, run.opened.changed):
        is_expected = path == run.opened.predictions or not run.is_reference
        if not is_expected:
            continue
        try:
            require_digest(path, opened.digest_of(path))
        except MissingFile as error:
            yield FileCheck(path, "missing", error.reason)
        except UnreadableFile as error:
            yield FileCheck(path, "damaged", error.reason)
        else:
            yield FileCheck(path, "ok")
