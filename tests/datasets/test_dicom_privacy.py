"""No text of a DICOM header is written anywhere, whether files are sound or damaged."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.datadict import DicomDictionary
from pydicom.sequence import Sequence

from medtui.datasets.dataset import open_dataset, save_split
from medtui.datasets.decoding import pool
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.dicom_header import read_header
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.findings import sentences
from medtui.preset import DataSettings
from tests.helpers.dicom_files import dicom_bytes, ramp
from tests.helpers.drawn_images import write_card
from tests.helpers.mutations import mutate

MEDTUI = (sys.executable, "-m", "medtui")
WORD, DIGITS = "ZQXJ", "777131337"
"""Marks in text and in identifiers of digits, which no other file contains."""

CARD = 'schema = 1\nname = "films"\nformat = "folders"\nchannels = 1\nsize = 16\n'
_TEXT = {"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "DA", "DT", "TM"}
_PICTURE = {"PhotometricInterpretation", "SpecificCharacterSet"}

pytestmark = pytest.mark.filterwarnings("ignore")


def _marked_file(number: int) -> bytes:
    """Return a file with a mark in every text element, private and nested ones included."""
    tags: dict[str, object] = {}
    for tag, (kind, _, _, _, keyword) in DicomDictionary.items():
        if 0x0008 <= tag >> 16 < 0x7FE0 and keyword and keyword not in _PICTURE:
            if kind in _TEXT:
                tags[keyword] = WORD
            elif kind == "UI":
                tags[keyword] = f"1.2.{DIGITS}"
    inner = Dataset()
    inner.PatientName = f"{WORD}^INNER"
    tags["RequestAttributesSequence"] = Sequence([inner])
    tags["PatientID"] = f"{WORD}{number:03d}"
    tags["WindowCenter"], tags["WindowWidth"] = 2048, 4096
    return _with_private_elements(dicom_bytes(ramp(16) + number, **tags))


def _with_private_elements(data: bytes) -> bytes:
    from io import BytesIO

    from pydicom import dcmread

    elements = dcmread(BytesIO(data))
    elements.private_block(0x0011, f"{WORD} MAKER", create=True).add_new(1, "LO", f"{WORD} note")
    elements.file_meta.ImplementationVersionName = WORD
    elements.file_meta.SourceApplicationEntityTitle = WORD
    elements.file_meta.PrivateInformationCreatorUID = f"1.2.{DIGITS}"
    elements.file_meta.PrivateInformation = WORD.encode()
    content = BytesIO()
    elements.save_as(content, enforce_file_format=True)
    return content.getvalue()


@pytest.fixture(scope="module")
def marked() -> list[bytes]:
    """Return 18 files of as many patients."""
    return [_marked_file(number) for number in range(18)]


@pytest.fixture
def films(tmp_path: Path, marked: list[bytes]) -> Path:
    """Return a root with sound films and as many damaged ones."""
    root = tmp_path / "films"
    for at, data in enumerate(marked):
        for name, content in ((f"IM{at:02d}", data), (f"IM{at:02d}.dcm", mutate(data, at)[1])):
            path = root / ("mass", "normal")[at % 2] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return root


def _has_mark(content: bytes) -> bool:
    return any(mark in content.upper() for mark in (WORD.encode(), DIGITS.encode()))


def _files_below(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def test_marks_are_found(marked: list[bytes]) -> None:
    """The search below finds a mark, of which the files are full."""
    assert all(data.upper().count(WORD.encode()) > 1000 for data in marked)
    assert _has_mark(f"error in {WORD.lower()}".encode())


def test_commands_and_cache_keep_no_text(films: Path, tmp_path: Path) -> None:
    """`data new`, `data check` and the cache: stdout, stderr and files."""
    cache, work = tmp_path / "cache", tmp_path / "work"
    work.mkdir()
    environment = os.environ | {"MEDTUI_CACHE_DIR": str(cache)}
    for words in (
        ("new", str(films), "--to", str(work / "card.toml")),
        ("check", str(work / "card.toml"), "--root", str(films)),
        ("check", str(work / "card.toml"), "--root", str(films), "--json", "--sheet", "sheet.png"),
    ):
        done = subprocess.run(
            [*MEDTUI, "data", *words],
            cwd=work,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not _has_mark(done.stdout + done.stderr)
    written = list(_files_below(cache, work))
    assert {"card.toml", "sheet.png", "index.json", "headers.json"} <= {
        each.name for each in written
    }
    assert [path for path in written if _has_mark(path.read_bytes())] == []


def test_a_run_keeps_no_text(films: Path, tmp_path: Path) -> None:
    """Patients in the split are hashes, findings and reasons quote nothing."""
    settings = DataSettings(card=write_card(tmp_path, CARD), root=str(films))
    dataset = open_dataset(settings, cache_dir=tmp_path / "cache")
    save_split(dataset, tmp_path / "split.jsonl")
    text = (tmp_path / "split.jsonl").read_text(encoding="utf-8")
    assert text.count('"manufacturer": "other"') >= 18
    assert dataset.has_patients
    said = "\n".join(sentences(dataset.findings))
    assert "cannot be used" in said
    assert not _has_mark(f"{text}{said}".encode())
    assert not any(_has_mark(path.read_bytes()) for path in _files_below(tmp_path / "cache"))


PRESET = """
name = "films"
[data]
card = "{card}"
root = "{root}"
[reference]
epochs = 1
batch_size = 8
[compress]
schemes = ["Prune"]
densities = [0.5]
[lc]
cycles = 1
steps = 1
batch_size = 8
[guard]
recalibrate_images = 8
[evaluate]
bootstrap = 5
[machine]
device = "cpu"
"""


@pytest.mark.slow
def test_a_study_keeps_no_text(films: Path, tmp_path: Path) -> None:
    """Run folders of a whole study: logs, results, checkpoints and predictions."""
    card = write_card(tmp_path, CARD.replace("size = 16", "size = 32"))
    preset = tmp_path / "films.toml"
    preset.write_text(PRESET.format(card=card, root=films))
    done = subprocess.run(
        [*MEDTUI, "--run", str(preset), "--runs-dir", str(tmp_path / "runs")],
        env=os.environ | {"MEDTUI_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not _has_mark(done.stdout + done.stderr)
    written = list(_files_below(tmp_path / "cache", tmp_path / "runs"))
    assert "result.json" in {path.name for path in written}
    assert [path for path in written if _has_mark(_content(path))] == []


def _content(path: Path) -> bytes:
    """Return the bytes of a file, those of an archive unpacked."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_damaged_headers(
    marked: list[bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str], count: int
) -> None:
    """Neither a header nor the reason of a refusal has a text; no reader dies."""
    paths = []
    for seed in range(count):
        paths.append(str(tmp_path / f"{seed}.dcm"))
        Path(paths[-1]).write_bytes(mutate(marked[seed % len(marked)], seed)[1])
    found: list[Done] = []
    settings = DecodeSettings(16, 1)
    pool.run_jobs(
        [Job("", 0, paths, settings, "headers"), Job("", 0, paths, settings)], found.append, 2
    )
    assert sorted(len(done.headers) for done in found) == [0, count]
    for path in paths[:60]:
        read_header(Path(path))
    shown = capfd.readouterr()
    assert not _has_mark(f"{found} {shown.out} {shown.err}".encode())
