"""`medtui evaluate`: results are computed once, shown as a matrix, listed and deleted."""

import numpy as np
import pytest

from medtui.engine.export.exporter import Exporter
from medtui.engine.export.loaded_run import load_run
from medtui.protocol.export import ExportPlan
from medtui.runs.exports import format_named
from medtui.runs.external_record import read_externals
from tests.helpers.earlier_version import call_medtui
from tests.helpers.site_study import draw_films, write_film_study, write_single_part


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a finished study, and another site."""
    folder = tmp_path_factory.mktemp("films")
    study, _ = write_film_study(folder)
    new = draw_films(np.random.default_rng(3), 60, "elsewhere")
    return study, write_single_part(folder, "clinic", new)


@pytest.fixture
def films(written, monkeypatch):
    """Return them; commands are called in the study's runs folder."""
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(written[0].path.parent))
    return written


def test_a_site_is_evaluated_listed_and_deleted(films):
    """A run brings its control and reference; stdout has the tables, stderr the runs."""
    study, card = films
    none = call_medtui("evaluate", "films")
    assert none.code == 2
    assert "have not been evaluated" in none.stderr
    done = call_medtui("evaluate", "films/prune-0.5", "--card", str(card), "--name", "clinic-b")
    assert done.code == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.endswith(": evaluated")] == [
        "films/reference: evaluated", "films/control: evaluated", "films/prune-0.5: evaluated",
    ]  # fmt: skip
    assert "AUROC on other data sets" in done.stdout
    assert "Change of AUROC from the control on the same images" in done.stdout
    assert "clinic-b [95 %]" in done.stdout
    objects = call_medtui("evaluate", "films", "--metric", "accuracy", "--json").objects
    assert {(each["run"], each["site"]) for each in objects} == {
        (run, site)
        for run in ("reference", "control", "prune-0.5")
        for site in ("home", "clinic-b")
    }
    assert {each["metric"] for each in objects} == {"accuracy"}
    run = study.run("prune-0.5")
    plan = ExportPlan(["packed"], str(run.exports), with_timing=False)
    loaded = load_run(run, is_shrunk=False, num_images=8)
    file = Exporter(loaded, plan, lambda _: None).make(format_named("packed")).file
    also = call_medtui(
        "evaluate", "films", "--card", str(card), "--name", "clinic-b", "--model", "packed",
        "--json",
    )  # fmt: skip
    assert also.code == 0, also.stderr
    assert "left out, without a packed model: films/reference, films/control" in also.stderr
    assert "films/control: was evaluated before" in also.stderr
    assert f"films/prune-0.5, {file}: evaluated" in also.stderr
    (packed,) = [each for each in also.objects if each["model"] != "run"]
    assert (packed["model"], packed["site"], packed["changed_answers"]) == (file, "clinic-b", 0)
    gone = call_medtui("evaluate", "films", "--delete", "clinic-b", "--model", "packed")
    assert gone.stdout == "1 result on clinic-b deleted\n"
    shown = call_medtui("runs", "show", "films/control")
    assert "clinic-b" in shown.stdout
    deleted = call_medtui("evaluate", "films", "--delete", "clinic-b")
    assert deleted.stdout == "3 results on clinic-b deleted\n"
    assert all(read_externals(run) == ([], []) for run in study.runs())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--card", "nowhere.toml"], "no such card file"),
        (["--card", "CARD", "--split", "train"], "--split"),
        (["--metric", "acuracy"], "accuracy"),
        (["--delete", "clinic"], "No run was evaluated on `clinic`"),
        (["--delete", "clinic", "--model", "onnx"], "No model `onnx` was evaluated on `clinic`"),
        (["--card", "CARD", "--model", "shrunk"], "films/reference has no shrunk model"),
        (["--card", "CARD", "--model", "a.onnx"], "a.onnx is a file of one run, but 3 runs"),
    ],
)
def test_wrong_words_are_refused(films, arguments, words):
    """The message names what is wrong; nothing is computed."""
    _, card = films
    given = [str(card) if each == "CARD" else each for each in arguments]
    answer = call_medtui("evaluate", "films", *given)
    assert answer.code == 2
    assert words in answer.stderr
