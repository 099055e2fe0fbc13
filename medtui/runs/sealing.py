"""Sealed tests: whether a gate has opened the test of a run, which the study's ledger alone says.

A gate writes the result with its test into the run's folder `opened`, and then a line of the ledger
that names this file's digest. Before that line the test is sealed, whatever the folder holds; after
it, the test is open. A gate that is killed leaves one of both.
"""

from pathlib import Path

from medtui.runs.folder import RunFolder
from medtui.runs.ledger import read_ledger
from medtui.storage import DamagedFile, digest_of_file


def opened_name(run: RunFolder) -> str:
    """Return the name of a run's opened result in the ledger."""
    return f"{run.name}/opened/result.json"


def opened_digest(run: RunFolder) -> str | None:
    """Return the SHA-256 of a run's opened result, the newest one; None where there is none.

    Raises:
        UnreadableFile: the ledger cannot be read.
    """
    name = opened_name(run)
    found = [line.results[name] for line in read_ledger(run.study).lines if name in line.results]
    return found[-1] if found else None


def require_sha256(path: Path, expected: str) -> None:
    """Check a file against a digest in the ledger.

    Raises:
        UnreadableFile: it is missing, cannot be read, or has changed.
    """
    if digest_of_file(path).sha256 != expected:
        raise DamagedFile(path, "its checksum is not the one in the study's ledger")
