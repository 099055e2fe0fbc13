"""Downloads a data set: resumes interrupted transfers, verifies checksums, unpacks archives."""

import hashlib
import http.client
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from medtui import __version__
from medtui.datasets.card import Card, Download
from medtui.datasets.files.archive import is_archive, unpack
from medtui.datasets.progress import Progress, Reporter
from medtui.errors import EnvironmentProblem, UsageError
from medtui.units import format_bytes

TRIES = 4
"""Attempts per file before a connection error is reported."""
TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 1 << 20
_CONNECTION_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
)
_MAX_DIGITS = 18
"""A longer Content-Length is no length."""
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416


def fetch(card: Card, folder: Path, report: Reporter, *, pause_seconds: float = 2.0) -> None:
    """Download and unpack the files of a card below `folder`; existing files are kept.

    Raises:
        UsageError: the card has no download address.
        EnvironmentProblem: a network or disk error, or a file with unexpected content.
    """
    if not card.download:
        raise UsageError(
            f"The card {card.name} has no download address.", hint=card.by_hand.strip()
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for download in card.download:
            done = folder / f".{download.file}.done"
            if not done.exists():
                _fetch_one(card, download, folder, report, pause_seconds)
                done.touch()
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: {error.strerror or error}. The download could not be saved.",
            hint="Choose another folder with --to.",
        ) from error


def _fetch_one(
    card: Card, download: Download, folder: Path, report: Reporter, pause: float
) -> None:
    target = folder / download.file
    if not target.is_file():
        part = folder / f"{download.file}.part"
        for attempt in range(TRIES):
            try:
                _transfer(download, part, report)
                break
            except _CONNECTION_ERRORS as error:
                if attempt + 1 == TRIES or not _may_pass(error):
                    raise _unreachable(card, download, error) from error
                time.sleep(pause * 2**attempt)
        _verify(card, download, part)
        part.rename(target)
    if is_archive(target):
        unpack(target, folder, report)
        target.unlink()


def _transfer(download: Download, part: Path, report: Reporter) -> None:
    """Download the rest of `part`, starting at its current length."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": f"medtui/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(download.url, headers=headers)  # noqa: S310 - the card's model allows http and https alone
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            return  # the file is complete; its checksum is verified next
        raise
    with response:
        if response.status != _PARTIAL_CONTENT:
            have = 0
        elif not str(response.headers.get("Content-Range")).startswith(f"bytes {have}-"):
            part.unlink()  # the next attempt starts over
            raise http.client.HTTPException("the server sent another part than the requested one")
        length = _length(response.headers.get("Content-Length"))
        total = have + length if length else 0
        _check_space(part, total - have)
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                report(Progress("download", have, total))
    if total and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _length(text: str | None) -> int:
    """Return the length that a server states; 0 where it states none that makes sense."""
    is_number = text is not None and text.isascii() and text.isdigit()
    return int(text) if text is not None and is_number and len(text) <= _MAX_DIGITS else 0


def _verify(card: Card, download: Download, part: Path) -> None:
    size = part.stat().st_size
    if download.num_bytes is not None and size != download.num_bytes:
        _refuse(card, download, part, f"{size:,} bytes instead of {download.num_bytes:,}")
    for algorithm, expected in (("sha256", download.sha256), ("md5", download.md5)):
        if expected and _checksum(part, algorithm) != expected:
            _refuse(
                card, download, part, f"the {algorithm} checksum differs from the published one"
            )
    with part.open("rb") as file:
        beginning = file.read(512).lstrip().lower()
    if beginning.startswith((b"<!doctype", b"<html")):
        _refuse(card, download, part, "the server returned a web page instead of the file")


def _refuse(card: Card, download: Download, part: Path, reason: str) -> None:
    part.unlink()
    raise EnvironmentProblem(
        f"{download.url}: {reason}. The file was deleted.", hint=_by_hand(card)
    )


def _checksum(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _check_space(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise EnvironmentProblem(
            f"{part.parent}: {format_bytes(needed)} needed, {format_bytes(free)} free.",
            hint="Free disk space, or choose another folder with --to.",
        )


def _may_pass(error: Exception) -> bool:
    """Return whether a retry may succeed: not for unknown hosts, refusals or HTTP 4xx."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= http.client.INTERNAL_SERVER_ERROR
    reason = getattr(error, "reason", error)
    return not isinstance(reason, socket.gaierror | ConnectionRefusedError)


def _unreachable(card: Card, download: Download, error: Exception) -> EnvironmentProblem:
    reason = getattr(error, "reason", None) or error
    return EnvironmentProblem(
        f"{download.url}: {reason}. The partial download is kept; the same command resumes it.",
        hint=_by_hand(card),
    )


def _by_hand(card: Card) -> str:
    return card.by_hand.strip() or f"Manual download: {card.source}"
