"""Finished models on other data sets: everything frozen, nothing computed twice, overlaps told."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from medtui.analysis.run_record import read_run_records
from medtui.analysis.site_records import describe_classes, read_sites
from medtui.analysis.site_tables import matrix_warnings, site_tables
from medtui.analysis.sites import site_matrix
from medtui.engine.external.evaluation import Evaluation
from medtui.errors import UsageError
from medtui.metrics import metric_named
from medtui.metrics.thresholds import choose_thresholds
from medtui.preset.external import ExternalSite
from medtui.reporting.sections import _sites
from medtui.runs.external_record import (
    delete_external,
    folder_of,
    read_answers,
    read_external,
    read_externals,
)
from medtui.runs.ledger import read_ledger
from medtui.runs.predictions import read_predictions
from medtui.runs.result import read_result
from medtui.runs.verification import verify_run
from tests.helpers.site_study import draw_films, taken, write_film_study, write_single_part

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return a finished study and the arrays of its data set; tests add results to it."""
    folder = tmp_path_factory.mktemp("films")
    study, parts = write_film_study(folder)
    return SimpleNamespace(folder=folder, study=study, parts=parts)


def evaluate(study, card, name, *, split="all", classes=None, runs=("reference", "prune-0.5")):
    """Evaluate runs of a study on a site; return the results."""
    site = ExternalSite(name=name, card=str(card), split=split, classes=classes or {})
    folders = [study.run(each) for each in runs]
    found = list(Evaluation(site, CPU).run_all(folders))
    return [
        read_external(folder_of(run, each.digest)) for run, each in zip(folders, found, strict=True)
    ]


def test_the_runs_own_test_split_gives_its_own_result(exportable):
    """Answers, counts, thresholds and metrics are those of `result.json`."""
    site = ExternalSite(name="own", card="demo", split="test")
    runs = [exportable.run(name) for name in ("reference", "prune-0.5")]
    digests = [each.digest for each in Evaluation(site, CPU).run_all(runs)]
    for run, digest in zip(runs, digests, strict=True):
        found, home = read_external(folder_of(run, digest)), read_result(run)
        assert found.thresholds == home.thresholds
        assert found.measured.num_images == home.test.num_images
        assert found.measured.metrics == pytest.approx(home.test.metrics, abs=1e-6)
        assert found.measured.flips == home.test.flips
        stored = read_predictions(run.predictions).splits["test"]
        answers = read_answers(run, found)
        assert answers.names == stored.names
        assert (answers.logits_NK.argmax(axis=1) == stored.logits_NK.argmax(axis=1)).all()
        assert not found.overlap.is_found
        assert not found.overlap.unsearched


def test_multi_label_results_are_those_of_the_run(films):
    """The same holds for thresholds of several classes and the loss of the run's weights."""
    card = films.folder / "home" / "home.toml"
    for found in evaluate(films.study, card, "own", split="test"):
        home = read_result(films.study.run(found.run))
        assert found.thresholds == home.thresholds
        assert found.measured.metrics == pytest.approx(home.test.metrics, abs=1e-6)
        assert found.measured.num_images == home.test.num_images
        assert found.measured.num_patients == home.test.num_patients
        assert found.measured.flips == home.test.flips
        run = films.study.run(found.run)
        stored, answers = read_predictions(run.predictions), read_answers(run, found)
        assert answers.names == stored.splits["test"].names
        assert (answers.labels == stored.splits["test"].labels).all()


def test_a_class_that_the_site_lacks_is_left_out_of_its_numbers(films):
    """Its labels are unknown there; the mean over classes is that of the others."""
    new = draw_films(np.random.default_rng(15), 60, "g")
    card = write_single_part(films.folder, "g", new)
    card.write_text(card.read_text().replace('"Mass"', '"Nodule"'))
    (found,) = evaluate(films.study, card, "g", split="test", runs=["reference"])
    assert (found.absent_classes, found.class_map["Nodule"]) == (["Mass"], "")
    classes = found.measured.per_class
    assert found.measured.metrics["auroc"] == pytest.approx(
        np.mean([each["auroc"] for each in classes.values() if each["auroc"] is not None])
    )
    assert classes["Mass"]["auroc"] is None
    entries, _ = read_run_records([films.study.reference])
    warnings = matrix_warnings(site_matrix(entries, metric_named("auroc")))
    assert "g: it has no class Mass" in warnings


def test_images_of_a_class_that_the_model_lacks_are_left_out_and_counted(exportable):
    """A single-label model could give no right answer to them."""
    site = ExternalSite(name="one", card="demo", classes={"Parasitized": ""})
    run = exportable.reference
    (measured,) = Evaluation(site, CPU).run_all([run])
    found = read_external(folder_of(run, measured.digest))
    answers = read_answers(run, found)
    assert set(answers.labels.tolist()) == {0}
    assert list(found.left_out) == ["Parasitized"]
    assert found.measured.num_images == len(answers.labels)
    (sentence,) = [each for each in describe_classes(found) if "left out" in each]
    assert sentence.endswith(f"Parasitized {found.left_out['Parasitized']}")


def test_thresholds_stay_where_prevalence_shifts(films):
    """An image is answered as at home, however rare its findings are at the other site."""
    test = films.parts["test"]
    rare = np.flatnonzero(test["labels"][:, 0] == 0)
    rows = np.concatenate([rare, rare, np.flatnonzero(test["labels"][:, 0])[:3]])
    shifted = taken(test, rows)
    card = write_single_part(films.folder, "rare", shifted)
    (found,) = evaluate(films.study, card, "rare", split="test", runs=["prune-0.5"])
    run = films.study.run("prune-0.5")
    home = read_predictions(run.predictions)
    records, _ = read_sites(read_run_records([run])[0])
    record = next(each for each in records if each.result.digest == found.digest)
    assert found.thresholds == home.thresholds == record.predictions.thresholds
    there = record.predictions.scores("test")
    assert (there.answers_NK == home.scores("test").answers_NK[rows]).all()
    assert choose_thresholds(there, home.threshold_rule) != found.thresholds


def test_training_patients_and_copies_are_named(films):
    """A site that has images of train says which, and which patients."""
    rng = np.random.default_rng(5)
    new = draw_films(rng, 40, "elsewhere")
    mixed = {kind: np.concatenate([new[kind], films.parts["train"][kind][:4]]) for kind in new}
    card = write_single_part(films.folder, "mixed", mixed)
    (found,) = evaluate(films.study, card, "mixed", split="test", runs=["reference"])
    assert found.overlap.num_patients == 2
    assert found.overlap.patients == ["train0", "train1"]
    assert found.overlap.num_copies == 4
    assert found.overlap.copies[0] == ("test/000040", "train/000000")


def test_results_are_kept_until_they_are_damaged_or_deleted(films):
    """A second evaluation computes nothing; one that was cut short is made again."""
    new = draw_films(np.random.default_rng(7), 30, "b")
    card = write_single_part(films.folder, "b", new)
    site, run = ExternalSite(name="b", card=str(card)), films.study.run("reference")
    (first,) = Evaluation(site, CPU).run_all([run])
    looks = read_ledger(run.study)
    (second,) = Evaluation(site, CPU).run_all([run])
    assert (first.was_stored, second.was_stored) == (False, True)
    assert read_ledger(run.study) == looks
    assert looks.broken is None
    assert (looks.lines[-1].run, looks.lines[-1].site) == ("reference", "b")
    assert looks.lines[-1].inputs["data"] == first.digest
    folder = folder_of(run, first.digest)
    content = folder.predictions.read_bytes()
    folder.predictions.write_bytes(content[:100])
    states = {check.path: check.state for check in verify_run(run)}
    assert (states[folder.result], states[folder.predictions]) == ("ok", "damaged")
    (third,) = Evaluation(site, CPU).run_all([run])
    assert not third.was_stored
    assert folder.predictions.read_bytes() == content
    delete_external(run, first.digest)
    assert not folder.path.exists()
    assert first.digest not in {each.digest for each in read_externals(run)[0]}


def test_the_matrix_has_changes_at_home_and_elsewhere(films):
    """Each run is compared with its control on the same images, on both sides."""
    new = draw_films(np.random.default_rng(9), 60, "c")
    card = write_single_part(films.folder, "c", new)
    evaluate(films.study, card, "c", split="test", runs=("reference", "control", "prune-0.5"))
    entries, _ = read_run_records(films.study.runs())
    matrix = site_matrix(entries, metric_named("auroc"))
    (column,) = [at for at, each in enumerate(matrix.columns) if each.name == "c"]
    rows = {entry.folder.name: cells for entry, cells in zip(entries, matrix.cells, strict=True)}
    compressed, control = rows["prune-0.5"], rows["control"]
    assert compressed[column].baseline == "films/control"
    for at in (0, column):
        change = compressed[at].value - control[at].value
        assert compressed[at].change.value == pytest.approx(change, abs=1e-9)
        assert compressed[at].verdict.state in {"non-inferior", "worse", "not shown"}
    values, changes = site_tables(matrix)
    assert values.headers[:2] == ("run", "home")
    assert "c" in changes.headers
    assert not matrix.problems
    in_report = list(_sites(SimpleNamespace(sites=matrix)))
    assert in_report[:2] == [values, changes]


def test_the_worker_evaluates_the_data_sets_of_the_preset(tmp_path):
    """Its last step stores a result on each; one that is not there is a warning, not a failure."""
    new = draw_films(np.random.default_rng(11), 30, "d")
    card = write_single_part(tmp_path, "d", new)
    more = f"""
[[external]]
name = "clinic-d"
card = "{card}"
split = "test"
[[external]]
name = "clinic-e"
card = "{tmp_path / "nowhere.toml"}"
"""
    study, _ = write_film_study(tmp_path, more, names=("reference",))
    ((found,), problems) = read_externals(study.reference)
    assert (found.site, found.is_planned, problems) == ("clinic-d", True, [])
    result = read_result(study.reference)
    (warning,) = [each for each in result.warnings if "clinic-e" in each]
    assert "no such card file" in warning
    again = ExternalSite(name="clinic-d", card=str(card), split="test")
    (measured,) = Evaluation(again, CPU).run_all([study.reference])
    assert measured.was_stored
    assert measured.digest == found.digest


def test_a_sealed_test_is_not_opened_by_an_evaluation(tmp_path):
    """A run's own data set is refused; elsewhere there are numbers, and home is sealed."""
    study, _ = write_film_study(tmp_path, names=("reference",), evaluate="sealed = true")
    home = tmp_path / "home" / "home.toml"
    own = ExternalSite(name="own", card=str(home), split="test")
    with pytest.raises(UsageError, match="sealed"):
        list(Evaluation(own, CPU).run_all([study.reference]))
    card = write_single_part(tmp_path, "f", draw_films(np.random.default_rng(13), 30, "f"))
    evaluate(study, card, "f", split="test", runs=["reference"])
    entries, _ = read_run_records([study.reference])
    (values,) = site_tables(site_matrix(entries, metric_named("auroc")))
    assert values.rows[0][:2] == ("reference", "sealed")
    assert values.rows[0][2].startswith("0.")
