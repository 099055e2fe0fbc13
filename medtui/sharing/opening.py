"""Opens packs: unpacks each once, by its digest, into the user's cache folder.

A pack comes from anyone. Nothing of it is written outside its own folder, no link is made, no more
is expanded than it states and the disk has room for, and each file must have its recorded digest.
"""

import hashlib
import os
import secrets
import shutil
import struct
import time
import zipfile
import zlib
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem, UsageError
from medtui.runs.json_record import DECODE_ERRORS
from medtui.sharing.manifest import FORMAT, NAME, PackManifest, problem_of_names
from medtui.storage import FileDigest, digest_of_file, open_regular, unreadable
from medtui.storage.json_seal import check_seal, is_sealed
from medtui.storage.writing import writing
from medtui.units import format_bytes
from medtui.user_folders import cache_folder

MAX_BYTES = 1024**4
"""More than any study has, expanded."""

_MAX_MANIFEST_BYTES = 64 * 1024**2
_CHUNK_BYTES = 1024 * 1024

_KEPT_SECONDS = 30 * 86400
"""Unpacked packs that were not opened for so long are deleted; opening them unpacks them again."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_KIND, _FILE = 0o170000, 0o100000

_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, *DECODE_ERRORS)
"""What the parser of zip archives raises for damaged ones, and what this module does."""

_decoder = msgspec.json.Decoder(PackManifest)


class DamagedPack(UsageError):
    """A file is no pack, or not the one that was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is no pack of medtui, or is damaged: {reason}.",
            hint="Copy it again, or ask for another copy: `medtui runs pack STUDY` makes one.",
        )


def open_pack(path: Path) -> Path:
    """Return a folder of studies with what a pack holds, for reading only.

    Raises:
        DamagedPack: it is no pack, damaged, or holds what would not stay in the folder.
        EnvironmentProblem: it cannot be read, or there is no room for it.
    """
    _require_archive(path)
    key = digest_of_file(path).sha256[:32]
    packs = cache_folder() / "packs"
    folder = packs / key
    try:
        if not (folder / NAME).is_file():
            packs.mkdir(parents=True, exist_ok=True)
            _delete_old(packs)
            _unpack_beside(path, folder)
        os.utime(folder / NAME)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be unpacked: {error.strerror or error}.",
            hint="Set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        ) from error
    return folder


def read_manifest(path: Path) -> PackManifest:
    """Return what a pack says of itself.

    Raises:
        DamagedPack: it is none, or damaged.
        OSError: it cannot be read.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return _manifest_of(archive)
    except _BROKEN as error:
        raise DamagedPack(path, str(error) or type(error).__name__) from error


def _require_archive(path: Path) -> None:
    """Raise for what is no archive by its end, before all of it is read for its digest.

    Raises:
        DamagedPack: it is none.
        UnreadableFile: it cannot be read.
    """
    try:
        with open_regular(path) as file:
            is_archive = zipfile.is_zipfile(file)
    except OSError as error:
        raise unreadable(path, error) from error
    if not is_archive:
        raise DamagedPack(path, "it is no zip archive")


def _unpack_beside(path: Path, folder: Path) -> None:
    """Unpack into a folder of another name, and rename it."""
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
    try:
        beside.mkdir(mode=0o700)
        _unpack(path, beside)
        try:
            beside.rename(folder)
        except OSError:
            if not (folder / NAME).is_file():  # else another process was faster
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack(path: Path, folder: Path) -> None:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            manifest = _manifest_of(archive)
            _require_room(path, manifest, folder)
            for name, digest in manifest.files.items():
                with writing(folder / name, digest.num_bytes):
                    _extract(archive, name, digest, folder / name)
            # The last file: its existence proves that the others are complete.
            (folder / NAME).write_bytes(archive.read(NAME))
    except _BROKEN as error:
        raise DamagedPack(path, str(error) or type(error).__name__) from error


def _manifest_of(archive: zipfile.ZipFile) -> PackManifest:
    """Return the manifest, with which the archive's members agree.

    Raises:
        ValueError: they do not.
        KeyError: there is none.
    """
    entries = {entry.filename: entry for entry in archive.infolist()}
    if NAME not in entries:
        raise ValueError(f"it has no {NAME}")
    if entries[NAME].file_size > _MAX_MANIFEST_BYTES:
        raise ValueError(f"its {NAME} is too large")
    content = archive.read(NAME)
    if not is_sealed(content):
        raise ValueError(f"its {NAME} has no checksum")
    check_seal(content)
    manifest = _decoder.decode(content)
    if manifest.format > FORMAT:
        raise ValueError(f"medtui {manifest.medtui} wrote it, which is newer than this one")
    if reason := problem_of_names(manifest.files):
        raise ValueError(reason)
    if len(entries) != len(archive.infolist()) or entries.keys() - {NAME} != manifest.files.keys():
        raise ValueError(f"it does not hold the files that its {NAME} names")
    for entry in entries.values():
        _require_plain(entry)
        stated = manifest.files.get(entry.filename)
        if stated is not None and entry.file_size != stated.num_bytes:
            raise ValueError(f"{entry.filename} has another length than it states")
    return manifest


def _require_plain(entry: zipfile.ZipInfo) -> None:
    """Raise for what is no ordinary file.

    Raises:
        ValueError: it is a link or a folder, encrypted, or compressed by another method.
    """
    if entry.is_dir() or (entry.external_attr >> 16) & _KIND not in {0, _FILE}:
        raise ValueError(f"{entry.filename} is no file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise ValueError(f"{entry.filename} is encrypted, or compressed by another method")


def _require_room(path: Path, manifest: PackManifest, folder: Path) -> None:
    if min((each.num_bytes for each in manifest.files.values()), default=0) < 0:
        raise ValueError("it states a negative length")
    needed, free = manifest.num_bytes, shutil.disk_usage(folder).free
    if needed > MAX_BYTES:
        raise ValueError(f"it would expand to {format_bytes(needed)}")
    if needed > free:
        raise EnvironmentProblem(
            f"{path} needs {format_bytes(needed)} unpacked, and {folder.parent} has "
            f"{format_bytes(free)} free.",
            hint="Set another cache folder: MEDTUI_CACHE_DIR=/path/with/space",
        )


def _extract(archive: zipfile.ZipFile, name: str, digest: FileDigest, target: Path) -> None:
    """Write one member, of which no more is expanded than is stated.

    Raises:
        ValueError: its content is not what was packed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    checksum, left = hashlib.sha256(), digest.num_bytes
    with archive.open(name) as source, target.open("xb") as file:
        while left and (chunk := source.read(min(left, _CHUNK_BYTES))):
            checksum.update(chunk)
            left -= len(chunk)
            file.write(chunk)
    if left or checksum.hexdigest() != digest.sha256:
        raise ValueError(f"the checksum of {name} does not match its content")
    target.chmod(0o444)


def _delete_old(packs: Path) -> None:
    """Delete what nobody has opened for a long time, and what killed processes have left."""
    for folder in packs.iterdir():
        is_partial = folder.name.startswith(".")
        marker = folder if is_partial else folder / NAME
        try:
            age = time.time() - marker.stat().st_mtime
        except OSError:
            continue
        if age > (86400 if is_partial else _KEPT_SECONDS):
            shutil.rmtree(folder, ignore_errors=True)
