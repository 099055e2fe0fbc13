"""Unpacks zip and tar archives; no member is written outside the target folder."""

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from medtui.datasets.progress import Progress, Reporter
from medtui.errors import EnvironmentProblem
from medtui.units import format_bytes

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # an encrypted member, or an unknown compression
    ValueError,  # a header with impossible values
)


def is_archive(path: Path) -> bool:
    """Return whether a file is unpacked, by its name."""
    return path.name.endswith((".zip", ".tar", ".tar.gz", ".tgz"))


def unpack(archive: Path, folder: Path, report: Reporter) -> None:
    """Unpack the regular files of an archive below `folder`; skip links and devices.

    Raises:
        EnvironmentProblem: the archive is damaged, has a path outside `folder`, or needs more
            space than is free.
    """
    members = _zip_members if archive.name.endswith(".zip") else _tar_members
    try:
        for done, (name, num_bytes, content) in enumerate(members(archive), start=1):
            target = _inside(folder, name, archive)
            _check_space(folder, num_bytes)
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            if done % 100 == 0:
                report(Progress("unpack", done, 0))
    except _DAMAGE as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(archive, error) from error  # gzip and bz2 raise it for wrong content


def _damaged(archive: Path, error: Exception) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{archive}: damaged archive: {str(error).rstrip('.')}.",
        hint="Delete it and run the same command again.",
    )


def _zip_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            is_link = (member.external_attr >> 16) & 0o170000 == 0o120000  # noqa: PLR2004 - S_IFLNK
            if not member.is_dir() and not is_link:
                yield member.filename, member.file_size, opened.open(member)


def _tar_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, member.size, content
        # The checksum of a gzip file is behind the last member, where tarfile does not read.
        while opened.fileobj is not None and opened.fileobj.read(1 << 20):
            pass


def _inside(folder: Path, name: str, archive: Path) -> Path:
    """Return the target path of a member; existing links are not followed out of the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    target = folder.joinpath(*parts)
    is_plain = bool(parts) and ".." not in parts and not PurePosixPath(*parts).is_absolute()
    is_plain = is_plain and "\0" not in name
    if not is_plain or not target.resolve().is_relative_to(folder.resolve()):
        raise EnvironmentProblem(
            f"{archive} was not unpacked: it contains {name!r}, a path outside {folder}.",
            hint="Do not use this archive. Download it from the data set's publisher.",
        )
    return target


def _check_space(folder: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise EnvironmentProblem(
            f"{folder}: {format_bytes(num_bytes)} needed, {format_bytes(free)} free.",
            hint="Free disk space and run the same command again.",
        )
