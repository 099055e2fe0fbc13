"""Decodes the bytes of a table or a list into text. Knows no columns."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.findings import Findings, error, note, warning
from medtui.errors import EnvironmentProblem, UsageError
from medtui.storage import open_regular
from medtui.units import format_bytes, plural

MAX_BYTES = 2**30
"""Largest table that is read, after decompression: a small gzip file may expand without end."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TABLES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of 97-2003", "workbook"),
    (b"BZh", "compressed with bzip2", "unpack"),
    (b"\xfd7zXZ", "compressed with xz", "unpack"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "unpack"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack"),
    (b"PAR1", "a Parquet file", "convert"),
    (b"%PDF", "a PDF document", "convert"),
    (b"version https://git-lfs", "a Git LFS pointer, the file itself is not here", "lfs"),
    (b"<!doctype html", "an HTML page, perhaps of a download that needs a login", "html"),
    (b"<html", "an HTML page, perhaps of a download that needs a login", "html"),
)
"""First bytes of files that are no text table, what they are, and the hint."""
_HINTS = {
    "workbook": "In Excel: File, Save As, `CSV UTF-8 (Comma delimited)`. A zip archive: unpack it.",
    "unpack": "Unpack it.",
    "convert": "Convert it to CSV (UTF-8).",
    "lfs": "Run `git lfs pull` where it came from.",
    "html": "Download the table again, or save it as CSV (UTF-8).",
}
_LOOKED_AT = 4096
"""Number of bytes that decide whether a file without a byte order mark is UTF-16."""


@dataclass(frozen=True)
class Text:
    """Text of a file."""

    text: str
    """Content, line ends as in the file."""
    encoding: str
    """Encoding under which it was read."""
    findings: Findings = ()
    """Whether the encoding is in doubt."""


def read_text(path: Path, encoding: str = "") -> Text:
    """Return the text of a file, decompressed where it is gzip.

    An empty `encoding` follows the byte order mark, then UTF-16 whose zeros are in every second
    byte, then UTF-8, and falls back on Windows-1252 with a note.

    Raises:
        EnvironmentProblem: the file cannot be read.
        UsageError: the file is no text, or not in this encoding.
    """
    raw = _read_bytes(path)
    _refuse_other_kinds(path, raw)
    found = _decode(path, raw, encoding)
    zero = found.text.find("\0")
    if zero >= 0:
        raise UsageError(
            f"{path}:{_line_of(found.text, zero)}: a NUL byte. The file is damaged or no text.",
            hint="Export or copy the table again.",
        )
    return found


def read_lines(path: Path, encoding: str = "") -> tuple[list[str], Findings]:
    r"""Return the lines of a text file, and findings; only \n, \r and \r\n end a line.

    Raises:
        EnvironmentProblem: the file cannot be read.
        UsageError: the file is no text.
    """
    found = read_text(path, encoding)
    return [line.rstrip("\r\n") for line in lines_of(found.text)], found.findings


def lines_of(text: str) -> Iterator[str]:
    r"""Yield lines with their ends.

    `str.splitlines` also ends a line at U+0085, U+2028 or a form feed, which are content here.
    """
    return iter(io.StringIO(text, newline=""))


def _read_bytes(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            raw = file.read(MAX_BYTES + 1)
        if raw.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(raw)) as packed:
                raw = packed.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise UsageError(
            f"{path}: damaged or incomplete gzip file: {problem}.",
            hint="Download or copy it again.",
        ) from problem
    except OSError as problem:
        raise EnvironmentProblem(f"{path}: {problem.strerror}. Check its permissions.") from problem
    if len(raw) > MAX_BYTES:
        raise UsageError(
            f"{path} is larger than {format_bytes(MAX_BYTES)}.",
            hint="Write a table with only the columns that the card names.",
        )
    return raw


def _refuse_other_kinds(path: Path, raw: bytes) -> None:
    start = raw[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    for magic, kind, hint in _NO_TABLES:
        if raw.startswith(magic) or start.lower().startswith(magic.lower()):
            raise UsageError(f"{path} is no text table: {kind}.", hint=_HINTS[hint])


def _decode(path: Path, raw: bytes, encoding: str) -> Text:
    encoding = encoding or _marked_encoding(raw) or _unmarked_utf16(raw)
    if encoding:
        try:
            text = raw.decode(encoding)
        except (UnicodeError, LookupError) as problem:
            raise UsageError(
                f"{path} is not valid {encoding.upper()}: {problem}.",
                hint="Save it as CSV UTF-8, or correct table.encoding.",
            ) from problem
        return Text(text.removeprefix("\ufeff"), encoding)
    try:
        return Text(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as problem:
        return _windows_1252(path, raw, problem.start)


def _marked_encoding(raw: bytes) -> str:
    return next((name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark)), "")


def _unmarked_utf16(raw: bytes) -> str:
    """Return the byte order of UTF-16 whose mark is missing; empty where it is not clear.

    Line ends, delimiters and digits have a zero as one of their two bytes, always on the same side.
    """
    start = raw[: _LOOKED_AT & ~1]
    even, odd = start[::2].count(0), start[1::2].count(0)
    needed = max(1, len(start) // 8)
    if odd >= needed and not even:
        return "utf-16-le"
    return "utf-16-be" if even >= needed and not odd else ""


def _windows_1252(path: Path, raw: bytes, at: int) -> Text:
    line = raw.count(b"\n", 0, at) + 1
    text = raw.decode("cp1252", "replace")
    if _is_partly_utf8(raw):
        sentence = (
            f"{path.name} mixes UTF-8 with another encoding, from line {line} on: "
            f"letters with accents are read wrongly"
        )
        return Text(text, "cp1252", (error("mixed-encodings", sentence),))
    sentence = f"{path.name} is not UTF-8 (line {line}) and was read as Windows-1252"
    if unknown := text.count("\ufffd"):
        sentence += (
            f", in which {plural(unknown, 'byte')} stand for no character: "
            f"name its encoding in the card (table.encoding)"
        )
        return Text(text, "cp1252", (warning("encoding", sentence),))
    return Text(text, "cp1252", (note("encoding", sentence),))


def _is_partly_utf8(raw: bytes) -> bool:
    """Return whether a file that is not UTF-8 holds letters beyond ASCII in UTF-8 too.

    By chance, text in Windows-1252 hardly ever has a pair like `A-tilde, copyright sign`.
    """
    text = raw.decode("utf-8", "ignore")
    return any(character > "\x7f" for character in text)


def _line_of(text: str, at: int) -> int:
    return sum(1 for _ in lines_of(text[: at + 1]))
