"""A copy of the ledger: the same looks, with the digests of the shared files, chained anew."""

import hashlib
from collections.abc import Mapping

import msgspec

from medtui.runs.external_record import folder_of_digest
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.ledger_lines import FIRST, LedgerLine, canonical
from medtui.sharing.pseudonyms import WITHHELD, Pseudonyms
from medtui.storage import DamagedFile


def shared_ledger(study: StudyFolder, digests: Mapping[str, str], pseudonyms: Pseudonyms) -> bytes:
    """Return the content of `ledger.jsonl`.

    `digests` maps the SHA-256 of each file that was copied to its copy's. Others, such as those of
    a plan and of deleted files, are keyed.

    Raises:
        UnreadableFile: it is damaged.
    """
    ledger = read_ledger(study)
    if ledger.broken is not None:
        raise DamagedFile(study.ledger, str(ledger.broken))
    written, previous = list[bytes](), FIRST

    def shared(digest: str) -> str:
        return digests.get(digest) or pseudonyms.digest(digest)

    for line in ledger.lines:
        values = msgspec.to_builtins(line) | {
            "command": ["medtui", line.verb, WITHHELD],
            "inputs": {name: shared(digest) for name, digest in line.inputs.items()},
            "results": {
                _shared_name(name, line, pseudonyms): shared(digest)
                for name, digest in line.results.items()
            },
            "previous": previous,
        }
        previous = _hash_of(values)
        copied = msgspec.convert(values | {"hash": previous}, LedgerLine)
        written.append(canonical(msgspec.to_builtins(copied)) + b"\n")
    return b"".join(written)


def _shared_name(name: str, line: LedgerLine, pseudonyms: Pseudonyms) -> str:
    """Return a file's path in the study, in which a folder is named after a data set's digest."""
    former = line.inputs.get("data", "")
    if line.verb != "evaluate" or not former:
        return name
    shared = folder_of_digest(pseudonyms.digest(former))
    return name.replace(f"/{folder_of_digest(former)}/", f"/{shared}/")


def _hash_of(values: Mapping[str, object]) -> str:
    content = {key: value for key, value in values.items() if key != "hash"}
    return hashlib.sha256(canonical(content)).hexdigest()
