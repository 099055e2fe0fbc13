"""Unpacks zip and tar archives; nothing in them can reach outside the folder."""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from medtui.datasets.progress import Progress, Tell
from medtui.errors import EnvironmentProblem
from medtui.units import format_bytes

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is to be unpacked."""
    return path.name.endswith((".zip", ".tar", ".tar.gz", ".tgz"))


def unpack(archive: Path, folder: Path, tell: Tell) -> None:
    """Unpack the regular files of an archive below `folder`; links and devices are left out.

    Raises:
        EnvironmentProblem: the archive is damaged, would leave the folder, or needs more space
            than there is.
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
                tell(Progress("unpack", done, 0))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        NotImplementedError,
    ) as error:
        raise EnvironmentProblem(
            f"{archive}: damaged archive: {error}.",
            hint="Remove it and run the same command again.",
        ) from error


def _zip_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            is_link = (member.external_attr >> 16) & 0o170000 == 0o120000  # noqa: PLR2004 - S_IFLNK
            if not member.is_dir() and not is_link:
                yield member.filename, member.file_size, opened.open(member)


def _tar_members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with tarfile.open(archive, mode="r|*") as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, member.size, content


def _inside(folder: Path, name: str, archive: Path) -> Path:
    """Return where a member goes; a link that lies there already is not followed outside either."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    target = folder.joinpath(*parts)
    is_plain = bool(parts) and ".." not in parts and not PurePosixPath(*parts).is_absolute()
    if not is_plain or not target.resolve().is_relative_to(folder.resolve()) or "\0" in name:
        raise EnvironmentProblem(
            f"{archive}: it holds a file named {name!r}, which would lie outside {folder}.",
            hint="Do not use this archive; get it from the data set's makers.",
        )
    return target


def _check_space(folder: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise EnvironmentProblem(
            f"{folder}: {format_bytes(num_bytes)} are to come, {format_bytes(free)} are free.",
            hint="Make room, and run the same command again.",
        )
