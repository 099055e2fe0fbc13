"""Data sets whose table is written by Excel, R or pandas, opened with a card."""

import gzip
from pathlib import Path

import pytest

from medtui.datasets.resolve import open_source
from medtui.datasets.tables.table import read_table
from medtui.errors import EnvironmentProblem, UsageError
from medtui.preset import DataSettings
from tests.helpers.drawn_images import TABLE, draw, write_card

CARD = """
[table]
file = ["labels.csv"]
name_column = "image"
label_column = "label"
patient_column = "patient"
"""
NAMES = [f"img_{number:02d}.png" for number in range(12)]
ROWS = [f"{name},{('x', 'y')[number % 2]},{number // 2}" for number, name in enumerate(NAMES)]
HEADER = "image,label,patient"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of images."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(NAMES):
        draw(folder / name, seed=number)
    return folder


def open_table(
    folder: Path, images: Path, content: str | bytes, card: str = CARD, name: str = "labels.csv"
) -> dict[str, tuple[str, str]]:
    """Return label and patient of each image, as read from a table beside the images."""
    index = index_of(folder, images, content, card, name)
    assert index.patients is not None
    labels = [index.classes[label] for label in index.labels]
    return dict(zip(index.names, zip(labels, index.patients, strict=True), strict=True))


def index_of(
    folder: Path, images: Path, content: str | bytes, card: str = CARD, name: str = "labels.csv"
) -> object:
    """Return the index of a data set."""
    root = folder / "set"
    root.mkdir(exist_ok=True)
    (root / "images").symlink_to(images)
    (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return open_source(DataSettings(card=write_card(folder, TABLE + card), root=str(root))).index


EXPECTED = {name: (("x", "y")[number % 2], str(number // 2)) for number, name in enumerate(NAMES)}
PLAIN = "\n".join([HEADER, *ROWS])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PLAIN, "labels.csv"),
        (PLAIN.replace(",", ";").encode("utf-8-sig"), "labels.csv"),
        ("sep=;\r\n" + PLAIN.replace(",", ";"), "labels.csv"),
        (PLAIN.replace(",", "\t").encode("utf-16"), "labels.csv"),
        (gzip.compress(PLAIN.encode(), mtime=0), "labels.csv.gz"),
        (PLAIN, "LABELS.CSV"),
        (PLAIN.replace(HEADER, HEADER + ",mask"), "labels.csv"),
        (PLAIN.replace("img_03", "  img_03"), "labels.csv"),
    ],
)
def test_layouts(tmp_path: Path, images: Path, content: str | bytes, name: str) -> None:
    """Images, labels and patients are the same from every layout."""
    assert open_table(tmp_path, images, content, name=name) == EXPECTED


def test_a_huge_cell_is_read(tmp_path: Path, images: Path) -> None:
    """A cell of 140,000 characters is content like any other."""
    rows = [HEADER + ",mask", *(f"{row},{'x' * 140_000}" for row in ROWS)]
    assert open_table(tmp_path, images, "\n".join(rows)) == EXPECTED


def test_without_a_header(tmp_path: Path, images: Path) -> None:
    """Columns are named by number, and the first row is an image."""
    card = CARD.replace('"image"', '"1"').replace('"label"', '"2"').replace('"patient"', '"3"')
    card = card.replace("name_column", "header = false\nname_column")
    assert open_table(tmp_path, images, "\n".join(ROWS), card) == EXPECTED


def test_a_missing_header_is_explained(tmp_path: Path, images: Path) -> None:
    """A file that begins with data is refused with the keys to set."""
    with pytest.raises(UsageError, match=r"labels.csv:1: no column `image`") as caught:
        open_table(tmp_path, images, "\n".join(ROWS))
    assert "table.header = false" in caught.value.hint


def test_lists_as_text(tmp_path: Path, images: Path) -> None:
    """A column of Python lists gives the labels, not pieces of their text."""
    texts = ["['x']", "['x', 'y']", '["y"]', "[]"]
    rows = [f"{name};{texts[number % 4]};{number}" for number, name in enumerate(NAMES)]
    index = index_of(
        tmp_path,
        images,
        "\n".join(["image;label;patient", *rows]),
        CARD.replace("[table]", 'task = "multi"\n[table]'),
    )
    assert index.classes == ("x", "y")
    assert index.labels[:4].tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]


def test_labels_joined_by_commas_stop_a_study(tmp_path: Path, images: Path) -> None:
    """`x, y` beside x and y is an error that names the separator; in `classes` it is a class."""
    labels = ["x", "y", "x, y"]
    rows = [f"{name};{labels[number % 3]};{number}" for number, name in enumerate(NAMES)]
    content = "\n".join(["image;label;patient", *rows])
    index = index_of(tmp_path, images, content)
    (finding,) = [each for each in index.findings if each.name == "joined-labels"]
    assert finding.rank == "error"
    assert '`x, y` seem to be several joined by `,`: set table.separator = ","' in finding.sentence
    named = CARD.replace("[table]", 'classes = ["x", "y", "x, y"]\n[table]')
    (tmp_path / "other").mkdir()
    index = index_of(tmp_path / "other", images, content, named)
    assert "joined-labels" not in {each.name for each in index.findings}


def test_a_workbook_is_refused_with_the_cure(tmp_path: Path, images: Path) -> None:
    """`labels.xlsx` in place of labels.csv, or an Excel file called labels.csv, says what to do."""
    with pytest.raises(EnvironmentProblem, match=r"labels.csv not found") as caught:
        open_table(tmp_path, images, b"PK\x03\x04", name="labels.xlsx")
    assert "CSV UTF-8" in caught.value.hint
    (tmp_path / "labels.csv").write_bytes(b"PK\x03\x04")
    with pytest.raises(UsageError, match="Excel workbook"):
        read_table(tmp_path / "labels.csv")
