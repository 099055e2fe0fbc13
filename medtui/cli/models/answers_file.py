"""Writes predictions as CSV, JSON lines or Parquet: a row for each file, as they arrive."""

import errno
import os
import secrets
import shlex
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import msgspec

from medtui.csv_text import csv_text
from medtui.errors import EnvironmentProblem, UsageError, explain_os_error
from medtui.protocol.inference import ImageAnswer

Form = Literal["csv", "jsonl", "parquet"]
_FORMS: dict[str, Form] = {
    ".csv": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".parquet": "parquet",
}  # fmt: skip

LABELS_JOINED_BY = "|"
"""Between several answers to one image, as in NIH's tables."""


class AnswersFile(Protocol):
    """What takes answers; nothing is at its place before `close`."""

    def add(self, images: Sequence[ImageAnswer]) -> None:
        """Write some answers."""

    def close(self) -> None:
        """Complete the file and move it into place."""

    def discard(self) -> None:
        """Delete what was written."""


def require_form(path: Path | None, *, as_json: bool = False) -> Form:
    """Return the form of an output by its name; for stdout CSV, or with `as_json` JSON lines.

    Raises:
        UsageError: the suffix is none that is written, or not that of JSON.
        EnvironmentProblem: the package that writes it is not installed.
    """
    if path is None:
        return "jsonl" if as_json else "csv"
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path}: an output must be one of {', '.join(_FORMS)}.")
    if as_json and form != "jsonl":
        raise UsageError(
            f"{path} is no file of JSON lines, which --json asks for.",
            hint="Name a .jsonl file, or leave out --json.",
        )
    if form == "parquet" and find_spec("pyarrow") is None:
        raise EnvironmentProblem(
            f"{path} needs pyarrow, which is not installed.",
            hint="Install with: pip install 'medtui[parquet]', or write a .csv file.",
        )
    return form


def require_place(path: Path | None) -> None:
    """Check that an output can be written, before anything is computed.

    Raises:
        EnvironmentProblem: its folder is missing or not writable, or it is a folder itself.
    """
    if path is None:
        return
    if path.is_dir():
        raise EnvironmentProblem(
            f"{path} is a folder.", hint="Name a file in it: -o FOLDER/out.csv"
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise EnvironmentProblem(
            f"{path} cannot be written: there is no folder {folder}.",
            hint=f"Make it: mkdir -p {shlex.quote(str(folder))}",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise explain_os_error(
            PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        )


def answers_file(form: Form, path: Path | None, classes: Sequence[str]) -> AnswersFile:
    """Return what writes answers in a form: to a file, or to stdout.

    Raises:
        EnvironmentProblem: the file cannot be written.
    """
    if form == "parquet":
        assert path is not None
        return _Parquet(path, classes)
    stream: IO[str] = sys.stdout
    beside = None
    if path is not None:
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            stream = beside.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise explain_os_error(OSError(error.errno, error.strerror, str(path))) from error
    return _Lines(form, stream, beside, path, classes)


class _Lines:
    """CSV or JSON lines."""

    def __init__(
        self, form: Form, stream: IO[str], beside: Path | None, path: Path | None,
        classes: Sequence[str],
    ) -> None:  # fmt: skip
        self._form = form
        self._stream = stream
        self._beside, self._path = beside, path
        self._classes = classes
        if form == "csv":
            stream.write(csv_text([headers(classes)]))

    def add(self, images: Sequence[ImageAnswer]) -> None:
        if self._form == "csv":
            text = csv_text(row(each, len(self._classes)) for each in images)
        else:
            text = "".join(f"{_json(each, self._classes)}\n" for each in images)
        self._stream.write(text)

    def close(self) -> None:
        if self._beside is None or self._path is None:
            self._stream.flush()
            return
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._beside.replace(self._path)

    def discard(self) -> None:
        if self._beside is not None:
            self._stream.close()
            self._beside.unlink(missing_ok=True)


def headers(classes: Sequence[str]) -> list[str]:
    """Return the names of the columns."""
    return ["file", "answer", *(f"p_{name}" for name in classes), "unlike", "distance", "problem"]


def row(image: ImageAnswer, num_classes: int) -> list[object]:
    """Return the cells of one file; those that are not known are empty."""
    unlike = "" if image.is_unlike is None else ("yes" if image.is_unlike else "no")
    shown = [f"{each:.7g}" for each in image.probabilities] or [""] * num_classes
    distance = "" if image.distance is None else f"{image.distance:.4g}"
    answer = LABELS_JOINED_BY.join(image.answers)
    return [image.file, answer, *shown, unlike, distance, image.problem]


def _json(image: ImageAnswer, classes: Sequence[str]) -> str:
    content: dict[str, Any] = {
        "file": image.file,
        "answers": image.answers,
        "probabilities": dict(zip(classes, image.probabilities, strict=False)),
        "unlike": image.is_unlike,
        "distance": image.distance,
        "problem": image.problem or None,
    }
    return msgspec.json.encode(content).decode()


class _Parquet:
    """One Parquet file, which is written at the end."""

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self._path = path
        self._classes = classes
        self._images: list[ImageAnswer] = []

    def add(self, images: Sequence[ImageAnswer]) -> None:
        self._images += images

    def close(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        found = self._images
        columns: dict[str, Any] = {
            "file": pa.array([each.file for each in found], pa.string()),
            "answer": pa.array(_joined(found), pa.string()),
            **{
                f"p_{name}": pa.array(_column(found, at), pa.float64())
                for at, name in enumerate(self._classes)
            },
            "unlike": pa.array([each.is_unlike for each in found], pa.bool_()),
            "distance": pa.array([each.distance for each in found], pa.float64()),
            "problem": pa.array([each.problem for each in found], pa.string()),
        }
        beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            parquet.write_table(pa.table(columns), beside)
            beside.replace(self._path)
        except OSError as error:
            raise explain_os_error(error) from error
        finally:
            beside.unlink(missing_ok=True)

    def discard(self) -> None:
        self._images.clear()


def _joined(images: Iterable[ImageAnswer]) -> list[str]:
    return [LABELS_JOINED_BY.join(each.answers) for each in images]


def _column(images: Iterable[ImageAnswer], at: int) -> list[float | None]:
    return [each.probabilities[at] if each.probabilities else None for each in images]
