"""`data check --manifest`: damage that a format without a checksum does not show."""

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from medtui.datasets.check import check_dataset
from medtui.datasets.manifest import NOT_LISTED, OTHER_CONTENT, read_manifest
from medtui.datasets.progress import Progress
from medtui.errors import UsageError
from medtui.preset import DataSettings
from tests.datasets.conftest import Medtui
from tests.helpers.drawn_images import FOLDERS, write_card, write_medmnist


def _sums(root: Path, algorithm: str = "sha256", between: str = "  ") -> str:
    return "".join(
        f"{hashlib.new(algorithm, path.read_bytes()).hexdigest()}{between}"
        f"{path.relative_to(root).as_posix()}\n"
        for path in sorted(root.rglob("*"))
        if path.is_file()
    )


@pytest.mark.parametrize(
    ("algorithm", "between"),
    [("sha256", "  "), ("sha256", " *"), ("sha256", "  ./"), ("md5", "  "), ("sha512", " ")],
)
def test_equal_files_match(
    settings: DataSettings, cells: Path, tmp_path: Path, algorithm: str, between: str
) -> None:
    """All spellings of a line are read, and the algorithm follows from the digits."""
    manifest = tmp_path / "sums"
    manifest.write_text(_sums(cells, algorithm, between), encoding="utf-8")
    assert check_dataset(settings, manifest=manifest).mismatches == {}


def test_differing_and_unlisted_images_are_reported(
    medtui: Medtui, settings: DataSettings, cells: Path, tmp_path: Path
) -> None:
    """A TIFF file with one other pixel decodes without an error; its checksum shows it."""
    tiff = cells / "Uninfected" / "P3_cell_x.tif"
    Image.new("L", (20, 20), 90).save(tiff)
    manifest = tmp_path / "SHA256SUMS"
    manifest.write_text(_sums(cells), encoding="utf-8")
    content = bytearray(tiff.read_bytes())
    content[content.index(bytes([90] * 400)) + 7] ^= 1
    tiff.write_bytes(content)
    (cells / "Uninfected" / "P3_later.png").write_bytes(
        (cells / "Uninfected" / "P3_cell_31.png").read_bytes()
    )
    words = ("check", settings.card, "--root", settings.root, "--manifest", str(manifest))
    shown = medtui(*words, "--json")
    assert shown.returncode == 1
    value = json.loads(shown.stdout)
    assert value["bad"] == {}
    assert value["mismatches"] == {
        "Uninfected/P3_cell_x.tif": OTHER_CONTENT,
        "Uninfected/P3_later.png": NOT_LISTED,
    }
    assert f"mismatch: Uninfected/P3_later.png: {NOT_LISTED}" in medtui(*words).stdout
    assert medtui(*words[:-2]).returncode == 0


def test_reading_all_files_is_reported(settings: DataSettings, cells: Path, tmp_path: Path) -> None:
    """Comparing takes as long as reading the set, so its progress is shown."""
    manifest = tmp_path / "SHA256SUMS"
    manifest.write_text(_sums(cells), encoding="utf-8")
    told: list[Progress] = []
    check_dataset(settings, manifest=manifest, progress=told.append)
    assert [each.done for each in told if each.stage == "verify"] == list(range(120))


def test_an_npz_file_is_compared_as_a_whole(tmp_path: Path) -> None:
    """Its name is the only one in the list."""
    npz = tmp_path / "set" / "films.npz"
    npz.parent.mkdir()
    write_medmnist(npz, (28, 28))
    manifest = tmp_path / "SHA256SUMS"
    manifest.write_text(_sums(npz.parent), encoding="utf-8")
    settings = DataSettings(card="medmnist", root=str(npz))
    assert check_dataset(settings, manifest=manifest).mismatches == {}
    manifest.write_text(f"{'0' * 64}  films.npz\n")
    assert check_dataset(settings, manifest=manifest).mismatches == {"films.npz": OTHER_CONTENT}


def test_escaped_and_tagged_lines_are_read(tmp_path: Path) -> None:
    """A name with a line break is escaped; BSD and macOS write the name first."""
    manifest = tmp_path / "sums"
    lines = [
        "# comment",
        rf"\{'a' * 64}  one\ntwo\\three.png",
        f"SHA256 (four (1).png) = {'B' * 64}",
        f"{'c' * 32} *five six.png\r",
    ]
    manifest.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert read_manifest(manifest) == {
        "one\ntwo\\three.png": "a" * 64,
        "four (1).png": "b" * 64,
        "five six.png": "c" * 32,
    }


@pytest.mark.parametrize("text", ["", "name,label\na.png,1\n", "abc  a.png\n"])
def test_other_files_are_refused(
    text: str, settings: DataSettings, tmp_path: Path, cells: Path
) -> None:
    """A table in place of a list would report every image."""
    manifest = tmp_path / "labels.csv"
    manifest.write_text(text)
    card = write_card(tmp_path, FOLDERS)
    with pytest.raises(UsageError, match=r"labels\.csv: (line 1|no checksums)"):
        check_dataset(DataSettings(card=card, root=str(cells)), manifest=manifest)
