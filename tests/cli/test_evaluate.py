"""`medtui evaluate`: results are computed once, shown as a matrix, listed and deleted."""

import numpy as np
import pytest

from medtui.runs.external_record import read_externals
from tests.helpers.earlier_version import call_medtui
from tests.helpers.site_study import draw_films, write_film_study, write_single_part


@pytest.fixture
def films(tmp_path, monkeypatch):
    """Return a finished study, in whose runs folder commands are called, and another site."""
    study, _ = write_film_study(tmp_path)
    monkeypatch.setenv("MEDTUI_RUNS_DIR", str(study.path.parent))
    new = draw_films(np.random.default_rng(3), 60, "elsewhere")
    return study, write_single_part(tmp_path, "clinic", new)


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
    ],
)
def test_wrong_words_are_refused(films, arguments, words):
    """The message names what is wrong; nothing is computed."""
    _, card = films
    given = [str(card) if each == "CARD" else each for each in arguments]
    answer = call_medtui("evaluate", "films", *given)
    assert answer.code == 2
    assert words in answer.stderr
