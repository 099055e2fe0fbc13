"""Tables as programs write them: delimiters, encodings, compression, headers."""

import gzip
from pathlib import Path

import pytest

from medtui.datasets.tables.table import TableText, read_table
from medtui.errors import EnvironmentProblem, UsageError

PLAIN = "image,label,patient\na1.png,Größe,1\na2.png,klein,2\na3.png,Größe,3\n"
EXPECTED = [["a1.png", "Größe", "1"], ["a2.png", "klein", "2"], ["a3.png", "Größe", "3"]]


def write(folder: Path, content: str | bytes, name: str = "labels.csv") -> Path:
    """Write a table; text is UTF-8 and keeps its line ends."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, **options: object) -> TableText:
    """Return a table that is written and read again."""
    return read_table(write(folder, content), **options)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", " "),
        PLAIN.replace(",", ", "),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\n\n"),
        PLAIN.rstrip(),
        "sep=;\r\n" + PLAIN.replace(",", ";"),
        '"sep=,"\r\n' + PLAIN,
        "# Export of 2024, hospital A\n" + PLAIN,
        "#" + PLAIN,
        "\n\n" + PLAIN,
        PLAIN.replace("\na2", "\n# a comment\na2"),
        PLAIN.replace("\n", ",,\n"),
        PLAIN + ",,\n,,\n",
        PLAIN.replace("image", ' "image" ').replace("label", "'label'"),
        PLAIN.replace("klein", '"klein"'),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        PLAIN.encode("cp1252"),
        gzip.compress(PLAIN.encode(), mtime=0),
        gzip.compress(PLAIN.replace(",", ";").encode("utf-16"), mtime=0),
    ],
)
def test_layouts(tmp_path: Path, content: str | bytes) -> None:
    """The same table is read from every layout."""
    table = read(tmp_path, content)
    assert table.header[:3] == ["image", "label", "patient"]
    assert not any(table.header[3:])
    assert [row[:3] for row in table.rows] == EXPECTED
    assert [table.values(table.column("Patient"))] == [["1", "2", "3"]]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (PLAIN, [2, 3, 4]),
        ("sep=,\n\n# comment\n" + PLAIN, [5, 6, 7]),
        (PLAIN.replace("\na2", "\n\n\na2"), [2, 5, 6]),
        (PLAIN.replace("klein", '"k\nl\nein"'), [2, 3, 6]),
        (PLAIN.replace("klein", "k\x85l\u2028e\x0bi\x0cn"), [2, 3, 4]),
    ],
)
def test_rows_know_their_lines(tmp_path: Path, content: str, lines: list[int]) -> None:
    """Lines are counted as an editor counts them."""
    assert list(read(tmp_path, content).lines) == lines


def test_joined_labels_do_not_look_like_columns(tmp_path: Path) -> None:
    """`|`, `;` and commas inside labels are not taken for delimiters."""
    rows = "".join(f"img_{number}.png,Edema|Mass;x\n" for number in range(20))
    assert read(tmp_path, "image,labels\n" + rows).delimiter == ","
    rows = "".join(f"img_{number}.png;Edema, Mass\n" for number in range(20))
    assert read(tmp_path, "image;labels\n" + rows).delimiter == ";"
    rows = "".join(f"img_{number}.png\tEdema, Mass;1,5\n" for number in range(20))
    assert read(tmp_path, "image\tlabels\n" + rows).delimiter == "\t"
    decimals = "".join(f"img_{number}.png;{number},5;1,5\n" for number in range(20))
    assert read(tmp_path, "image;age;score\n" + decimals).header == ["image", "age", "score"]


def test_the_card_can_name_delimiter_and_encoding(tmp_path: Path) -> None:
    """What the card names is not guessed."""
    assert read(tmp_path, PLAIN, delimiter=";").header == ["image,label,patient"]
    chinese = "image,label\na.png,肺炎\nb.png,正常\n".encode("gb18030")
    assert read(tmp_path, chinese, encoding="gb18030").values(1) == ["肺炎", "正常"]
    with pytest.raises(UsageError, match=r"labels.csv is not valid UTF-8"):
        read(tmp_path, chinese, encoding="utf-8")
    with pytest.raises(UsageError, match=r"labels.csv is not valid KLINGON"):
        read(tmp_path, chinese, encoding="klingon")


def test_doubtful_encodings_are_ranked(tmp_path: Path) -> None:
    """Windows-1252 is noted, bytes without a character are a warning, a mixture is an error."""
    (note,) = read(tmp_path, PLAIN.encode("cp1252")).findings
    assert (note.rank, note.name) == ("note", "encoding")
    assert "(line 2)" in note.sentence
    (warning,) = read(tmp_path, "image,label\na.png,\x81\x9d\n".encode("latin-1")).findings
    assert warning.rank == "warning"
    mixed = PLAIN.encode() + "a4.png,Größe,4\n".encode("cp1252")
    (error,) = read(tmp_path, mixed).findings
    assert (error.rank, error.name) == ("error", "mixed-encodings")
    assert "from line 5 on" in error.sentence


def test_without_a_header_columns_have_numbers(tmp_path: Path) -> None:
    """The first row is a row, and columns are named from 1."""
    body = PLAIN.partition("\n")[2]
    table = read(tmp_path, body, header=False)
    assert table.header == ["1", "2", "3"]
    assert table.rows == EXPECTED
    assert list(table.lines) == [1, 2, 3]
    assert table.column("2") == 1
    with pytest.raises(UsageError, match=r"labels.csv:1: no column `image`") as caught:
        table.column("image")
    assert "named by number: 1 to 3" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "is_data"),
    [
        (PLAIN, False),
        (PLAIN.partition("\n")[2], True),
        ("00001,1,0\n00002,0,1\n00003,1,1\n", True),
        ("image,0,1\na1,1,0\na2,0,1\n", False),
        ("MURA/patient1/study1_positive/,1\nMURA/patient2/study1_negative/,0\n", True),
    ],
)
def test_a_first_row_of_data_is_recognised(tmp_path: Path, content: str, is_data: bool) -> None:
    """A missing column in a file without a header is explained with the cure."""
    table = read(tmp_path, content)
    assert table.is_header_data == is_data
    with pytest.raises(UsageError, match=r"no column `file`") as caught:
        table.column("file")
    assert ("table.header = false" in caught.value.hint) == is_data


def test_columns(tmp_path: Path) -> None:
    """Case, blanks and line breaks in a header cell do not matter; a repeated name is refused."""
    table = read(tmp_path, 'Image  ID,"Finding\nLabels",X,x,Y,y\na,b,c,d,e,f\n')
    assert table.column("image id") == 0
    assert table.column(" Finding Labels ") == 1
    assert (table.column("X"), table.column("x")) == (2, 3)
    table = read(tmp_path, "image,label,label\na,b,c\n")
    assert table.column("image") == 0
    with pytest.raises(UsageError, match=r"labels.csv:1: several columns `label`: 2 and 3"):
        table.column("label")
    with pytest.raises(UsageError, match=r"no column `lable`. Did you mean `label`"):
        table.column("lable")


def test_row_numbers_of_r(tmp_path: Path) -> None:
    """R leaves the header of its row numbers out."""
    table = read(tmp_path, '"image","label"\n"1","a.png","x"\n"2","b.png","y"\n')
    assert table.header == ["", "image", "label"]
    assert table.values(table.column("image")) == ["a.png", "b.png"]
    assert [each.name for each in table.findings] == ["row-numbers"]
    spaced = read(tmp_path, '"image" "label"\n"1" "a.png" "x"\n"2" "b.png" "y"\n')
    assert spaced.values(spaced.column("label")) == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "sentence", "hint"),
    [
        ("", "labels.csv:1: the table is empty", "Export it again"),
        ("\n \n", "labels.csv:1: the table is empty", "Export it again"),
        ("sep=;\n", "labels.csv:1: the table is empty", "Export it again"),
        ("\n,,,\n", "labels.csv:1: the table is empty", "Export it again"),
        ("image,label\n", "labels.csv:1: the table has a header and no rows", "Export it"),
        (gzip.compress(b"", mtime=0), "labels.csv:1: the table is empty", "Export it again"),
        (
            gzip.compress(PLAIN.encode(), mtime=0)[:-9],
            "labels.csv: damaged or incomplete gzip",
            "again",
        ),
        ("image,label\na\0.png,b\n", "labels.csv:2: a NUL byte", "again"),
        (b"image,label\na.png,b\n" + bytes(100), "labels.csv:3: a NUL byte", "again"),
        (b"PK\x03\x04" + bytes(50), "Excel workbook or a zip archive", "CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "Excel workbook of 97-2003", "CSV UTF-8"),
        (b"PAR1" + bytes(50), "Parquet", "Convert it to CSV"),
        ("<!DOCTYPE html><p>Log in</p>", "HTML page", "Download the table again"),
        ("version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer", "git lfs pull"),
        (b"\xff\xfea\0,\0b", "not valid UTF-16", "CSV UTF-8"),
    ],
)
def test_refusals(tmp_path: Path, content: str | bytes, sentence: str, hint: str) -> None:
    """What is no table, or a damaged one, is refused with cause and cure."""
    with pytest.raises(UsageError, match=sentence) as caught:
        read(tmp_path, content)
    assert hint in caught.value.hint


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """An error of the operating system is reported with the path."""
    with pytest.raises(EnvironmentProblem, match="No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(EnvironmentProblem, match="it is a folder"):
        read_table(tmp_path)
