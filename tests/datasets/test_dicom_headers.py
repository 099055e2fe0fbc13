"""Patients and subgroups from DICOM headers, and what is said where they are missing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from medtui.datasets import dicom_headers
from medtui.datasets.cache.administration import clear_entries, list_entries
from medtui.datasets.card import load_card
from medtui.datasets.check import check_dataset
from medtui.datasets.decoding.dicom_header import Header, read_header
from medtui.datasets.progress import Progress
from medtui.datasets.resolve import Source, open_source
from medtui.errors import EnvironmentProblem
from medtui.preset import DataSettings
from medtui.preset.toml import DocumentError
from tests.helpers.dicom_files import ramp, write_dicom
from tests.helpers.drawn_images import draw, write_card

CARD = 'schema = 1\nname = "films"\nformat = "folders"\nchannels = 1\nsize = 16\n'
SECTION = "\n[dicom]\n"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Return a root of 24 films of 12 patients, some of whom are spelled in two ways."""
    root = tmp_path / "films"
    for at in range(24):
        patient = at // 2
        write_dicom(
            root / ("mass", "normal")[at % 2] / f"IM{at:04d}",
            ramp(16) + at,
            PatientID=f"Case-{patient}" if at % 2 else f" CASE-{patient} ",
            PatientSex="MF"[patient % 2],
            PatientAge=f"{15 + 8 * patient:03d}Y",
            ViewPosition=("PA", "AP", "FROM BELOW")[patient % 3],
            Manufacturer=("SIEMENS AG", "GE MEDICAL SYSTEMS", "Backyard X-Ray")[patient % 3],
        )
    return root


@pytest.fixture
def opened(tmp_path: Path, films: Path) -> Callable[[str], Source]:
    """Return what opens the films by a card of class folders with more lines."""

    def run(more: str = "") -> Source:
        settings = DataSettings(card=write_card(tmp_path, CARD + more), root=str(films))
        return open_source(settings, cache_dir=tmp_path / "cache")

    return run


def _names(source: Source) -> list[str]:
    return [finding.name for finding in source.findings]


def test_headers_name_patients_and_subgroups(opened: Callable[[str], Source]) -> None:
    """Without a pattern, the PatientID groups the images of a set of DICOM files."""
    source = opened("")
    assert source.has_patients
    assert source.index.patients is not None
    assert len({*source.index.patients}) == 12
    position = source.index.names.index("mass/IM0002")
    partner = source.index.names.index("normal/IM0003")
    assert source.index.patients[position] == source.index.patients[partner]
    assert {name: values[position] for name, values in source.index.subgroups.items()} == {
        "sex": "F",
        "age": "18-39",
        "view": "AP",
        "manufacturer": "GE",
    }
    assert {*source.index.subgroups["age"]} == {"<18", "18-39", "40-59", "60-79", "80+"}
    assert {*source.index.subgroups["view"]} == {"AP", "PA", "other"}
    assert "other" in source.index.subgroups["manufacturer"]


def test_a_card_chooses(opened: Callable[[str], Source]) -> None:
    """Patients can be left out; subgroups and the bins of ages are the card's."""
    source = opened(f'{SECTION}patient = false\nsubgroups = ["age", "view"]\nage_bins = [50]\n')
    assert source.index.patients is None
    assert list(source.index.subgroups) == ["age", "view"]
    assert {*source.index.subgroups["age"]} == {"<50", "50+"}


def test_a_pattern_comes_before_the_header(opened: Callable[[str], Source]) -> None:
    """Where names have the patient, headers are read on request and never replace it."""
    pattern = "patient = 'IM([0-9]+)'\n"
    source = opened(pattern)
    assert source.index.patients is not None
    assert (len({*source.index.patients}), source.index.subgroups) == (24, {})
    source = opened(pattern + SECTION)
    assert source.index.patients is not None
    assert len({*source.index.patients}) == 24
    assert list(source.index.subgroups) == ["sex", "age", "view", "manufacturer"]


def test_files_without_a_patient_are_told(films: Path, opened: Callable[[str], Source]) -> None:
    """Some files without PatientID are patients of their own; with none at all there are none."""
    write_dicom(films / "mass" / "IM0000", ramp(16), PatientID="N/A")
    source = opened("")
    (finding,) = [each for each in source.findings if each.name == "images-without-patient"]
    assert finding.sentence.startswith("1 image without a PatientID")
    assert source.index.patients is not None
    assert source.index.patients[source.index.names.index("mass/IM0000")] == "mass/IM0000"
    for at in range(24):
        write_dicom(films / ("mass", "normal")[at % 2] / f"IM{at:04d}", ramp(16) + at)
    source = opened("")
    assert source.index.patients is None
    assert {"no-patient-ids", "no-patients"} <= {*_names(source)}
    assert source.index.subgroups == {}


def test_one_patient_of_all_images_stops_a_study(
    films: Path, opened: Callable[[str], Source]
) -> None:
    """Export tools write the same PatientID into most files: `ANONYMOUS`."""
    for at in range(16):
        write_dicom(
            films / ("mass", "normal")[at % 2] / f"IM{at:04d}", ramp(16) + at, PatientID="ANON"
        )
    assert "dominant-patient" in _names(opened(SECTION))


def test_a_set_with_other_files_needs_the_section(
    films: Path, opened: Callable[[str], Source]
) -> None:
    """In a mixed set headers are read on request; other files are patients of their own."""
    draw(films / "mass" / "copy.png", seed=1)
    assert opened("").index.patients is None
    patients = opened(SECTION).index.patients
    assert patients is not None
    assert "mass/copy.png" in patients
    assert len({*patients}) == 13


def test_headers_are_read_once(
    tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second start takes them from the cache; another header in one file reads them again."""
    settings = DataSettings(card=write_card(tmp_path, CARD), root=str(films))
    told: list[Progress] = []
    first = open_source(settings, cache_dir=tmp_path / "cache", report=told.append)
    assert told[-1] == Progress("headers", 24, 24)
    with monkeypatch.context() as patch:
        patch.setattr(dicom_headers, "run_jobs", None)  # reading would fail
        second = open_source(settings, cache_dir=tmp_path / "cache")
    assert second.index.patients == first.index.patients
    write_dicom(films / "mass" / "IM0000", ramp(16), PatientID="another")
    third = open_source(settings, cache_dir=tmp_path / "cache")
    assert third.index.patients != first.index.patients
    entries = list_entries(tmp_path / "cache")
    assert [entry.num_images for entry in entries] == [24, 24]
    assert clear_entries(entries) > 0
    assert list_entries(tmp_path / "cache") == []


def test_damaged_headers_have_no_facts(films: Path, opened: Callable[[str], Source]) -> None:
    """Reading goes on; the image is refused when it is decoded."""
    path = films / "mass" / "IM0004"
    path.write_bytes(path.read_bytes()[:200])
    source = opened("")
    assert "images-without-patient" in _names(source)
    assert source.index.patients is not None
    assert len({*source.index.patients}) == 13


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PatientAge": "018M"}, Header(age=1)),
        ({"PatientAge": "104Y"}, Header(age=90)),
        ({"PatientAge": "414Y"}, Header()),
        ({"PatientAge": "sixty"}, Header()),
        ({"PatientSex": "o", "ViewPosition": "lateral"}, Header(sex="O", view="lateral")),
        ({"PatientSex": "X", "PatientID": "  "}, Header()),
        ({"Manufacturer": "GE"}, Header(manufacturer="GE")),
        ({"Manufacturer": "Philips Medical Systems"}, Header(manufacturer="Philips")),
        ({"Manufacturer": "unknown"}, Header()),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_values_come_from_closed_lists(
    tmp_path: Path, tags: dict[str, object], expected: Header
) -> None:
    """Free text never becomes a subgroup."""
    assert read_header(write_dicom(tmp_path / "a.dcm", ramp(16), **tags)) == expected


def test_without_pydicom_the_cure_is_named_once(
    tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set of DICOM files is refused as a whole, not file by file."""
    monkeypatch.setitem(sys.modules, "pydicom", None)
    settings = DataSettings(card=write_card(tmp_path, CARD), root=str(films))
    with pytest.raises(EnvironmentProblem, match=r"^24 DICOM files need pydicom") as caught:
        open_source(settings)
    assert "pip install 'medtui[dicom]'" in caught.value.hint


def test_windows_in_some_files_are_told(tmp_path: Path, films: Path) -> None:
    """Brightness then has two rules, unless the card states one."""
    for at in range(0, 24, 4):
        write_dicom(
            films / "mass" / f"IM{at:04d}", ramp(16) + at, WindowCenter=2048, WindowWidth=4096
        )
    for more, expected in (("", True), ("window = [0, 4095]\n", False)):
        settings = DataSettings(card=write_card(tmp_path, CARD + more), root=str(films))
        check = check_dataset(settings, cache_dir=tmp_path / "cache")
        found = [each.sentence for each in check.findings if each.name == "missing-windows"]
        assert bool(found) == expected
        assert not found or found[0].startswith("18 DICOM files of 24 without a window")


def test_an_npz_file_has_no_headers(tmp_path: Path) -> None:
    """The section is refused where no file is DICOM by its format."""
    card = tmp_path / "card.toml"
    card.write_text('schema = 1\nname = "a"\nformat = "medmnist"\n[dicom]\n')
    with pytest.raises(DocumentError, match="for image files"):
        load_card(str(card))
