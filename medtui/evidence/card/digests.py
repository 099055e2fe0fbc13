"""Digests of weights, data and code, and the ledger's head, by which a card is checked later."""

import hashlib
from pathlib import Path

import msgspec

import medtui
from medtui.evidence.card.documents import Documents
from medtui.runs.external_record import external_folders
from medtui.runs.folder import RunFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.ledger_lines import LedgerHead
from medtui.storage import MissingFile, digest_of_file


class Digests(msgspec.Struct, frozen=True):
    """What a card was made of."""

    files: dict[str, str]
    """File, relative to the study, to its SHA-256."""
    data: str
    """Digest of images, labels and splits, as the run recorded it; empty where it did not."""
    code: str
    """SHA-256 over the modules of the medtui that wrote the card."""
    version: str
    """Its version."""
    ledger: LedgerHead


def digests_of(documents: Documents) -> Digests:
    """Return the digests of all files behind a card.

    Raises:
        UnreadableFile: one cannot be read.
    """
    runs = [documents.run]
    if documents.baseline is not None:
        runs.append(documents.baseline.folder)
    digest = documents.record.data_digest
    files = {name: found for run in runs for name, found in _files_of(run).items()}
    return Digests(
        files=files | _sites_of(documents.run),
        data=digest.data_digest if digest else "",
        code=code_digest(),
        version=medtui.__version__,
        ledger=read_ledger(documents.run.study).head,
    )


def code_digest() -> str:
    """Return a digest of the names and contents of the installed package's modules."""
    digest, root = hashlib.sha256(), Path(medtui.__file__).parent
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _files_of(run: RunFolder) -> dict[str, str]:
    """Return the digests of a run's files that do not grow, as far as they exist."""
    paths = (
        run.model, run.shrunk, run.preset, run.provenance, run.split, run.predictions, run.result,
        run.model_record, run.opened.predictions, run.opened.result,
    )  # fmt: skip
    found = {}
    for path in paths:
        try:
            name = path.relative_to(run.study.path).as_posix()
            found[name] = digest_of_file(path).sha256
        except MissingFile:
            continue
    return found


def _sites_of(run: RunFolder) -> dict[str, str]:
    """Return the digests of a run's results on other data sets."""
    return {
        folder.result.relative_to(run.study.path).as_posix(): digest_of_file(folder.result).sha256
        for folder in external_folders(run)
        if folder.result.exists()
    }
