"""Patients and subgroups from DICOM headers, read once into the cache."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from medtui.datasets.cache.entry import content_key, entries_folder
from medtui.datasets.cache.key import common_folder
from medtui.datasets.cache.record import HEADERS_FILE, HeaderRecord, read_header_record
from medtui.datasets.card import Card
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.dicom import DICOM_SUFFIXES, is_installed
from medtui.datasets.decoding.dicom_header import HEADER_VERSION, Header, is_dicom_file
from medtui.datasets.decoding.pool import num_children, run_jobs
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.dicom_section import DicomSection, HeaderSubgroup
from medtui.datasets.files.signatures import has_telling_suffix, suffix_of
from medtui.datasets.findings import Findings, note, warning
from medtui.datasets.index import ImageIndex, some
from medtui.datasets.progress import Progress, Reporter
from medtui.datasets.subgroups import UNKNOWN, bin_of
from medtui.errors import EnvironmentProblem
from medtui.units import plural

JOB_HEADERS = 256
"""Headers per job."""

_NO_SHAPE = DecodeSettings(size=0, channels=0)
"""Settings of jobs that decode no pixels."""

_NOTHING = Header()


def add_header_facts(
    card: Card, index: ImageIndex, cache_dir: Path | None, report: Reporter
) -> ImageIndex:
    """Return the index with the patients and subgroups that its card takes from DICOM headers.

    Raises:
        EnvironmentProblem: there are DICOM files and no pydicom, or headers cannot be read.
    """
    if index.files is None:
        return index
    if not is_installed():
        _require_no_dicom(index.files)
        return index
    section = card.dicom
    if section is None and index.patients is None and all(map(_is_dicom, index.files)):
        section = DicomSection()
    if section is None:
        return index
    found = _headers_of(index, cache_dir, report)
    headers = [found[file] or _NOTHING for file in index.files]
    patients, findings = _patients(headers, index) if section.patient else (index.patients, ())
    return replace(
        index,
        patients=patients,
        subgroups=_subgroups(headers, section) | index.subgroups,
        findings=(*index.findings, *findings),
    )


def _require_no_dicom(files: Sequence[str]) -> None:
    """Raise if pydicom is needed, once for all files rather than for each."""
    if count := sum(map(_is_dicom, files)):
        verb = "needs" if count == 1 else "need"
        raise EnvironmentProblem(
            f"{plural(count, 'DICOM file')} {verb} pydicom; install medtui[dicom].",
            hint="Install it: pip install 'medtui[dicom]'",
        )


def _is_dicom(file: str) -> bool:
    """Return whether a file is DICOM by its suffix, or by its content without one."""
    name = file.rpartition("/")[2]
    if suffix_of(name) in DICOM_SUFFIXES:
        return True
    return not has_telling_suffix(name) and is_dicom_file(Path(file))


def _patients(headers: list[Header], index: ImageIndex) -> tuple[list[str] | None, Findings]:
    """Return each image's patient; an image without one is its own patient."""
    if index.patients is not None:
        return index.patients, ()
    names = index.names
    without = [name for name, each in zip(names, headers, strict=True) if not each.patient]
    if len(without) == len(names):
        return None, (note("no-patient-ids", "no DICOM header names a patient"),)
    patients = [each.patient or name for name, each in zip(names, headers, strict=True)]
    if not without:
        return patients, ()
    sentence = (
        f"{plural(len(without), 'image')} without a PatientID in the DICOM header, "
        f"each treated as a separate patient: {some(without)}"
    )
    return patients, (warning("images-without-patient", sentence),)


def _subgroups(headers: list[Header], section: DicomSection) -> dict[str, list[str]]:
    """Return the values of each subgroup that any header has."""
    values: dict[str, list[str]] = {
        name: [_value(each, name, section) for each in headers] for name in section.subgroups
    }
    return {name: each for name, each in values.items() if {*each} != {UNKNOWN}}


def _value(header: Header, name: HeaderSubgroup, section: DicomSection) -> str:
    if name == "age":
        return UNKNOWN if header.age is None else bin_of(header.age, section.age_bins)
    value: str = getattr(header, name)
    return value or UNKNOWN


def _headers_of(
    index: ImageIndex, cache_dir: Path | None, report: Reporter
) -> dict[str, Header | None]:
    """Return file to header, from the cache or read into it; None where a file has none."""
    files = sorted({*(index.files or ())})
    parts = content_key(replace(index, names=files, files=files), _NO_SHAPE)
    key = hashlib.sha256(f"{HEADER_VERSION} {parts}".encode()).hexdigest()
    entry = entries_folder(cache_dir) / f"dicom-headers-{key[:16]}"
    record = read_header_record(entry)
    if record is None or record.key != key:
        record = HeaderRecord(key, common_folder(files), _read_all(files, report))
        _write(record, entry)
    return dict(zip(files, record.headers, strict=True))


def _read_all(files: list[str], report: Reporter) -> list[Header | None]:
    headers: list[Header | None] = [None] * len(files)
    num_done = 0

    def take(done: Done) -> None:
        nonlocal num_done
        headers[done.first : done.first + len(done.headers)] = done.headers
        num_done += done.num_files
        report(Progress("headers", num_done, len(files)))

    paths = [os.path.abspath(each) for each in files]  # noqa: PTH100 - links are kept
    jobs = [
        Job("", first, paths[first : first + JOB_HEADERS], _NO_SHAPE, "headers")
        for first in range(0, len(paths), JOB_HEADERS)
    ]
    run_jobs(jobs, take, min(num_children(), len(jobs)))
    return headers


def _write(record: HeaderRecord, entry: Path) -> None:
    """Write a record under a temporary name, then rename it: other processes may do the same."""
    temporary = entry / f"{HEADERS_FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):  # a cache that cannot be written is read again
        entry.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.encode(record))
        temporary.replace(entry / HEADERS_FILE)
