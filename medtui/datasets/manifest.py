"""Compares the files of a data set with a list of checksums, as `sha256sum` and `md5sum` write it.

Formats such as DICOM, JPEG and TIFF carry no checksum: a damaged file may decode to other pixels.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

from medtui.datasets.index import ImageIndex
from medtui.datasets.progress import Progress, Reporter
from medtui.errors import UsageError
from medtui.storage import read_bytes

NOT_LISTED = "not in the list of checksums"
OTHER_CONTENT = "checksum differs"

_LINE = re.compile(r"(?P<mark>\\?)(?P<sum>[0-9a-fA-F]+)[ \t][ *]?(?P<path>.+)")
"""One line; the mark says that the path has escapes. Source: GNU coreutils, sha256sum."""
_TAGGED = re.compile(r"(?P<mark>\\?)[A-Z0-9-]+ ?\((?P<path>.+)\) ?= ?(?P<sum>[0-9a-fA-F]+)")
"""The same with `--tag`, and as BSD and macOS write it."""

_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}

_MAX_BYTES = 1024**3
"""More than a list of ten million files has."""

_ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""Number of hexadecimal digits to the algorithm."""

Manifest = dict[str, str]
"""Path relative to the root, with `/`, to the checksum in lower case."""


def read_manifest(path: Path) -> Manifest:
    """Return the checksums of a list.

    Raises:
        EnvironmentProblem: the list cannot be read.
        UsageError: a line is none of a list of checksums, or there is no line.
    """
    text = read_bytes(path, _MAX_BYTES).decode("utf-8-sig", "surrogateescape")
    manifest = {}
    for number, line in enumerate(text.split("\n"), 1):
        content = line.removesuffix("\r")
        if not content.strip() or content.startswith("#"):
            continue
        found = _LINE.fullmatch(content) or _TAGGED.fullmatch(content)
        if found is None or len(found["sum"]) not in _ALGORITHMS:
            raise UsageError(
                f"{path}: line {number} is not a checksum and a path.",
                hint="Write one in the folder of the images: find . -type f -exec sha256sum {} +",
            )
        name = _unescaped(found["path"]) if found["mark"] else found["path"]
        manifest[_key(name)] = found["sum"].lower()
    if not manifest:
        raise UsageError(f"{path}: no checksums in this file.")
    return manifest


def find_mismatches(
    index: ImageIndex, root: Path, manifest: Manifest, report: Reporter
) -> dict[str, str]:
    """Return each image whose file is not as listed, with the reason."""
    if index.files is None:
        assert index.npz is not None
        named = {index.npz.name: str(index.npz)}
        root = index.npz.parent
    else:
        named = dict(zip(index.names, index.files, strict=True))
    found = {}
    for done, (name, file) in enumerate(named.items()):
        report(Progress("verify", done, len(named)))
        if reason := _mismatch(Path(file), root, manifest):
            found[name] = reason
    return found


def _mismatch(file: Path, root: Path, manifest: Manifest) -> str:
    relative = file.relative_to(root) if file.is_relative_to(root) else file
    expected = manifest.get(_key(relative.as_posix()))
    if expected is None:
        return NOT_LISTED
    if not file.is_file():  # opening a pipe would block
        return "not a regular file"
    try:
        with file.open("rb") as content:
            actual = hashlib.file_digest(content, _ALGORITHMS[len(expected)]).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
    return "" if actual == expected else OTHER_CONTENT


def _key(path: str) -> str:
    """Return a path as this module compares it: macOS lists names in another Unicode form."""
    return unicodedata.normalize("NFC", path).removeprefix("./")


def _unescaped(path: str) -> str:
    return re.sub(r"\\[\\nr]", lambda escape: _ESCAPES[escape[0]], path)
