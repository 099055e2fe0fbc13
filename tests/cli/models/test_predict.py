"""`medtui predict` as a shell starts it, and the forms in which answers are written."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtui.cli.models.answers_file import answers_file
from medtui.cli.models.prediction_summary import PredictionSummary
from medtui.protocol.inference import Alarm, Answers, ImageAnswer, ModelOpened
from medtui.runs.predictions import read_predictions
from tests.helpers.dicom_files import write_dicom
from tests.helpers.earlier_version import call_medtui

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


def test_a_card_is_answered_by_the_shrunk_model_into_parquet(medtui, grey_run, tmp_path):
    """Rows are the card's images by name; probabilities and answers are those that are stored."""
    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "out.parquet"
    done = medtui(
        "predict", grey_run.run.name, str(grey_run.card), "--model", "shrunk", "-o", str(output),
        "--no-unlike", "--device", "cpu", "--runs-dir", str(grey_run.run.study.path.parent),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = {row["file"]: row for row in parquet.read_table(output).to_pylist()}
    home = read_predictions(grey_run.run.predictions)
    scores = home.scores("test")
    for row, name in enumerate(home.splits["test"].names):
        shares = [table[name][f"p_{each}"] for each in home.classes]
        assert shares == pytest.approx(scores.scores_NK[row], abs=1e-5)
        answered = [home.classes[at] for at in np.flatnonzero(scores.answers_NK[row])]
        assert table[name]["answer"] == "|".join(answered)
        assert table[name]["unlike"] is None


def test_single_files_become_json_on_stdout(medtui, grey_run, tmp_path):
    """A DICOM file and a PNG of one film have the same numbers; stderr has the summary."""
    write_dicom(tmp_path / "film.dcm", grey_run.tested[0])
    Image.fromarray(grey_run.tested[0]).save(tmp_path / "film.png")
    done = medtui(
        "predict", str(grey_run.run.path), "film.dcm", "film.png", "film.png", "--json",
        "--no-unlike", "--device", "cpu", "--runs-dir", str(grey_run.run.study.path.parent),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert (first["file"], second["file"]) == ("film.dcm", "film.png")
    assert first["probabilities"] == pytest.approx(second["probabilities"], abs=1e-6)
    assert "2 images answered" in done.stderr


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


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["IMAGES", "-o", "out.xlsx"], 2, "out.xlsx: an output must be one of .csv"),
        (["IMAGES", "-o", "out.csv", "--json"], 2, "out.csv is no file of JSON lines"),
        (["IMAGES", "-o", "nowhere/out.csv"], 3, "there is no folder"),
        (["nowhere"], 2, "nowhere: no such file or folder"),
        (["EMPTY"], 3, "No image to answer: empty has no file"),
        (["images/a.npz"], 2, "a.npz is an archive of images, which a card describes"),
        (["demo", "IMAGES"], 2, "demo is a card; name it alone"),
        (["IMAGES", "--root", "IMAGES"], 2, "--root belongs to a card"),
    ],
)
def test_wrong_words_are_refused(exportable, tmp_path, monkeypatch, arguments, code, words):
    """Before anything is computed, with what is wrong; no file is left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(exportable.path.parent))
    for name in ("images", "empty"):
        Path(name).mkdir()
    Image.new("RGB", (8, 8)).save("images/a.png")
    Path("images/a.npz").touch()
    names = {"IMAGES": "images", "EMPTY": "empty"}
    answer = call_medtui("predict", "reference", *(names.get(each, each) for each in arguments))
    assert (answer.code, answer.stdout) == (code, "")
    assert words in answer.stderr
    assert {path.name for path in Path().iterdir()} == {"images", "empty"}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (["small"], "small is a study"),
        (["small/unfinished"], "small/unfinished is not finished"),
        (["reference", "--model", "shrunk"], "small/reference has no shrunk model"),
        (["reference", "--model", "shrnk"], "Did you mean `shrunk`?"),
    ],
)
def test_a_run_without_a_model_is_refused(exportable, monkeypatch, target, words):
    """A study, a run that is not over, and one without the model that is named."""
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(exportable.path.parent))
    answer = call_medtui("predict", *target, "nowhere.png")
    assert answer.code == 2
    assert words in answer.stderr


def test_models_are_listed_once_where_none_is_meant(exportable, monkeypatch):
    """A name that is close to none of them."""
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(exportable.path.parent))
    answer = call_medtui("predict", "reference", "--model", "nope", "nowhere.png")
    assert answer.code == 2
    assert "`nope` is neither a model of a run nor a file.\n" in answer.stderr
    assert answer.stderr.count("safetensors") == 1


def test_an_interrupted_prediction_leaves_no_file(exportable, tmp_path, monkeypatch):
    """Ctrl+C in the middle ends with 130; what was at the output's place stays as it was."""

    class Interrupted:
        def __init__(self, *_):
            self.is_cancelled = False

        def follow(self, report):
            report(ModelOpened("run", CLASSES, "single", 5))
            report(Answers(ANSWERS[:1]))
            raise KeyboardInterrupt

        def cancel(self):
            self.is_cancelled = True

    monkeypatch.setattr("medtui.cli.models.prediction_process.PredictionProcess", Interrupted)
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(exportable.path.parent))
    output = tmp_path / "out.csv"
    output.write_text("earlier")
    answer = call_medtui("predict", "reference", str(tmp_path), "-o", str(output))
    assert answer.code == 130
    assert answer.stderr.endswith("Cancelled; no file was written.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert output.read_text() == "earlier"
