"""`medtui predict` as a shell starts it, and the forms in which answers are written."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from medtui.cli.answers_file import answers_file, require_form
from medtui.cli.show.prediction import PredictionSummary
from medtui.errors import UsageError
from medtui.protocol.inference import Alarm, ImageAnswer, ModelOpened

CLASSES = ["Uninfected", "=Parasitized"]
ANSWERS = [
    ImageAnswer("a.png", ["=Parasitized"], [0.25, 0.75], [-0.5, 0.5], 0.125, is_unlike=True),
    ImageAnswer("b.png", ["Uninfected"], [0.75, 0.25], [0.5, -0.5], 0.0625, is_unlike=False),
    ImageAnswer("c.png", problem="truncated"),
    ImageAnswer("d.png", problem="too large: 70000 x 70000 pixels"),
    ImageAnswer("e.png", problem="too large: 60000 x 60000 pixels"),
]


def test_answers_have_a_row_for_each_file(medtui, exportable, tmp_path):
    """A folder becomes a CSV file; what cannot be read is in it, and in the summary on stderr."""
    folder = tmp_path / "new"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        pixels = rng.integers(0, 255, (30, 24, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:300])
    (folder / "Thumbs.db").write_bytes(b"x")
    output = tmp_path / "out.csv"
    done = medtui(
        "predict", "reference", str(folder), "-o", str(output), "--device", "cpu",
        "--runs-dir", str(exportable.path.parent),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(output)
    rows = list(csv.DictReader(output.open()))
    assert [row["file"] for row in rows] == [
        str(folder / name) for name in ("0.png", "1.png", "2.png", "Thumbs.db", "cut.png")
    ]
    assert [bool(row["problem"]) for row in rows] == [False, False, False, True, True]
    for row in rows[:3]:
        chances = [float(row["p_Uninfected"]), float(row["p_Parasitized"])]
        assert sum(chances) == pytest.approx(1, abs=1e-6)
        assert row["answer"] == ["Uninfected", "Parasitized"][int(np.argmax(chances))]
        assert row["unlike"] in {"yes", "no"}
    assert "3 images answered" in done.stderr
    assert "2 files not answered" in done.stderr
    assert "Thumbs.db" in done.stderr
    assert "of its test images" in done.stderr


def test_json_lines_have_the_same_content(tmp_path):
    """Each line is an object with a probability for each class by name."""
    path = tmp_path / "out.jsonl"
    written = answers_file("jsonl", path, CLASSES)
    written.add(ANSWERS)
    assert not path.exists()
    written.close()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert found[0]["probabilities"] == {"Uninfected": 0.25, "=Parasitized": 0.75}
    assert found[0]["unlike"] is True
    assert found[2] == {
        "file": "c.png", "answers": [], "probabilities": {}, "unlike": None, "distance": None,
        "problem": "truncated",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_csv_cells_are_no_formulas(tmp_path):
    """A class that begins like a formula is text for a spreadsheet."""
    path = tmp_path / "out.csv"
    written = answers_file("csv", path, CLASSES)
    written.add(ANSWERS[:1])
    written.close()
    assert path.read_text().splitlines() == [
        "file,answer,p_Uninfected,p_=Parasitized,unlike,distance,problem",
        "a.png,'=Parasitized,0.25,0.75,yes,0.125,",
    ]


def test_parquet_has_typed_columns(tmp_path):
    """Numbers are numbers, and what is not known is null."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    written = answers_file("parquet", path, CLASSES)
    written.add(ANSWERS)
    written.close()
    found = parquet.read_table(path).to_pydict()
    assert found["p_Uninfected"] == [0.25, 0.75, None, None, None]
    assert found["unlike"] == [True, False, None, None, None]
    assert found["problem"][2] == "truncated"


def test_the_summary_counts_answers_and_groups_reasons():
    """Reasons that differ in numbers are one line, with the first files' names."""
    alarm = Alarm(0.1, 0.05, 0.0625, 400, 500)
    summary = PredictionSummary(ModelOpened("run", CLASSES, "single", 5, alarm, ["a note"]))
    summary.add(ANSWERS)
    marked = (
        "1 unlike the training images (50.0 %; falsely so 5.0 % of the run's val images, by which "
        "the limit was chosen, and 6.2 % of its test images)"
    )
    assert summary.text.splitlines() == [
        "2 images answered: Uninfected 1, =Parasitized 1",
        marked,
        "a note",
        "3 files not answered:",
        "  2: too large: 70000 x 70000 pixels: d.png, e.png",
        "  1: truncated: c.png",
    ]


def test_an_unknown_suffix_is_refused(tmp_path):
    """Nothing is predicted for an output that could not be written."""
    with pytest.raises(UsageError, match=r"\.xlsx"):
        require_form(tmp_path / "out.xlsx")
