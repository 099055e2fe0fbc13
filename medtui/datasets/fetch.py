"""Downloads a data set from its official addresses: resumed, checked, unpacked into its folder."""

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
from medtui.datasets.archive import is_archive, unpack
from medtui.datasets.card import Card, Download
from medtui.datasets.progress import Progress, Tell
from medtui.errors import EnvironmentProblem, UsageError
from medtui.units import format_bytes

TRIES = 4
"""How often a broken connection is taken up again before giving up."""
TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 1 << 20
_CONNECTION_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
)
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416


def fetch(card: Card, folder: Path, tell: Tell, *, pause_seconds: float = 2.0) -> None:
    """Download and unpack all files of a card below `folder`; what is there already is kept.

    Raises:
        UsageError: the card names no address.
        EnvironmentProblem: network, disk or a file's content is not as it should be.
    """
    if not card.download:
        raise UsageError(f"{card.name} has no address to download from.", hint=card.by_hand.strip())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for download in card.download:
            done = folder / f".{download.file}.done"
            if not done.exists():
                _fetch_one(card, download, folder, tell, pause_seconds)
                done.touch()
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: {error.strerror or error}. The download cannot be kept there.",
            hint="Choose another place with --to.",
        ) from error


def _fetch_one(card: Card, download: Download, folder: Path, tell: Tell, pause: float) -> None:
    target = folder / download.file
    if not target.is_file():
        part = folder / f"{download.file}.part"
        for attempt in range(TRIES):
            try:
                _transfer(download, part, tell)
                break
            except _CONNECTION_ERRORS as error:
                if attempt + 1 == TRIES or not _may_pass(error):
                    raise _unreachable(card, download, error) from error
                time.sleep(pause * 2**attempt)
        _verify(card, download, part)
        part.rename(target)
    if is_archive(target):
        unpack(target, folder, tell)
        target.unlink()


def _transfer(download: Download, part: Path, tell: Tell) -> None:
    """Bring `part` to its full length, from where it ends."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": f"medtui/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(download.url, headers=headers)  # noqa: S310 - the card's model allows http and https alone
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310 - likewise
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            return  # nothing is left to send; the checksum tells whether it is the right file
        raise
    with response:
        have = have if response.status == _PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else 0
        _check_space(part, total - have)
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                tell(Progress("download", have, total))
    if total and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _verify(card: Card, download: Download, part: Path) -> None:
    size = part.stat().st_size
    if download.num_bytes is not None and size != download.num_bytes:
        _refuse(card, download, part, f"{size:,} bytes instead of {download.num_bytes:,}")
    for algorithm, expected in (("sha256", download.sha256), ("md5", download.md5)):
        if expected and _checksum(part, algorithm) != expected:
            _refuse(card, download, part, f"its {algorithm} is not the published one")
    with part.open("rb") as file:
        beginning = file.read(512).lstrip().lower()
    if beginning.startswith((b"<!doctype", b"<html")):
        _refuse(card, download, part, "the address answers with a web page")


def _refuse(card: Card, download: Download, part: Path, reason: str) -> None:
    part.unlink()
    raise EnvironmentProblem(
        f"{download.url}: {reason}. The file was thrown away.", hint=_by_hand(card)
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
            f"{part.parent}: {format_bytes(needed)} are to come, {format_bytes(free)} are free.",
            hint="Make room, or choose another place with --to.",
        )


def _may_pass(error: Exception) -> bool:
    """Tell whether trying again may help: not where nobody answers, nor where the answer is no."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= http.client.INTERNAL_SERVER_ERROR
    reason = getattr(error, "reason", error)
    return not isinstance(reason, socket.gaierror | ConnectionRefusedError)


def _unreachable(card: Card, download: Download, error: Exception) -> EnvironmentProblem:
    reason = getattr(error, "reason", None) or error
    return EnvironmentProblem(
        f"{download.url}: {reason}. What has arrived is kept; the same command goes on from there.",
        hint=_by_hand(card),
    )


def _by_hand(card: Card) -> str:
    return card.by_hand.strip() or f"Where to get it by hand: {card.source}"
