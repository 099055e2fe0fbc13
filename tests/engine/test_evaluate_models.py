"""Shrunk models and exported files on other data sets: beside the run's own, and named as such."""

import shutil

import numpy as np
import pytest
import torch

from medtui.analysis.run_record import read_run_records
from medtui.analysis.site_tables import matrix_objects, site_tables
from medtui.analysis.sites import site_matrix
from medtui.engine.external.evaluation import Evaluation
from medtui.metrics import metric_named
from medtui.preset.external import ExternalSite
from medtui.protocol.external import SiteMeasured, SiteSkipped
from medtui.runs.exports import read_record, write_record
from medtui.runs.external_record import (
    delete_external,
    folder_of,
    read_answers,
    read_external,
    read_externals,
    read_other_models,
)
from medtui.runs.ledger import read_ledger
from medtui.runs.verification import verify_run
from medtui.storage import digest_of_file
from tests.helpers.site_study import draw_films, write_film_study, write_single_part

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return another data set."""
    new = draw_films(np.random.default_rng(3), 30, "elsewhere")
    card = write_single_part(tmp_path_factory.mktemp("sites"), "clinic", new)
    return ExternalSite(name="clinic", card=str(card), split="test")


def evaluate(site, run, model):
    """Evaluate a run and another model of it; return both results and whether they were stored."""
    messages = list(Evaluation(site, CPU).run_all([run], others=[run], model=model))
    assert [each.model == "run" for each in messages] == [True, False]
    own, other = messages
    return (
        read_external(folder_of(run, own.digest)),
        read_external(folder_of(run, other.digest, other.model)),
        other.was_stored,
    )


def test_a_shrunk_model_has_a_result_of_its_own(grey_run, site):
    """Frozen as the run's, under its data set's digest, in the ledger and among checked files."""
    run = grey_run.run
    own, shrunk, was_stored = evaluate(site, run, "shrunk")
    assert (own.model_name, shrunk.model_name, was_stored) == ("run", "shrunk", False)
    assert shrunk.model == digest_of_file(run.shrunk)
    assert shrunk.thresholds == own.thresholds
    assert shrunk.measured.metrics == pytest.approx(own.measured.metrics, abs=1e-4)
    assert shrunk.measured.flips.num_changed == 0
    path = folder_of(run, own.digest).path / "models" / "shrunk" / "result.json"
    assert path.is_file()
    assert read_ledger(run.study).lines[-1].inputs[f"{run.name}/shrunk"] == shrunk.model.sha256
    assert {check.path: check.state for check in verify_run(run)}[path] == "ok"
    assert [each.model_name for each in read_externals(run)[0]] == ["run"]
    assert evaluate(site, run, "shrunk")[2]


def test_an_exported_file_is_compared_with_its_run(grey_run, site):
    """The table has the change on the same images, the answers that differ, and the logits."""
    run, export = grey_run.run, grey_run.export("int8-onnx")
    own, rounded, _ = evaluate(site, run, "int8-onnx")
    assert rounded.model_name == export.file
    logits = [read_answers(run, each).logits_NK for each in (own, rounded)]
    entries, _ = read_run_records([run])
    matrix = site_matrix(entries, metric_named("auroc"))
    (found,) = [each for each in matrix.models if each.name == export.file]
    assert found.logit_difference == pytest.approx(np.abs(logits[0] - logits[1]).max())
    assert found.logit_difference > 0
    change = rounded.measured.metrics["auroc"] - own.measured.metrics["auroc"]
    assert found.cell.change.value == pytest.approx(change, abs=1e-9)
    table = site_tables(matrix)[-1]
    assert table.title == "AUROC of shrunk models and exported files on other data sets"
    row = next(each for each in table.rows if each[1] == "int8.onnx")
    assert row[2] == "clinic"
    assert row[6] == f"{rounded.measured.flips.num_changed} of 90"
    (listed,) = [each for each in matrix_objects(matrix) if each["model"] == export.file]
    assert (listed["site"], listed["baseline"]) == ("clinic", f"films/{run.name}")


def test_a_result_of_another_file_is_left_out(grey_run, site):
    """A file that was exported anew is to be evaluated anew; deleting one leaves the run's own."""
    run, export = grey_run.run, grey_run.export("packed")
    _, packed, _ = evaluate(site, run, "packed")
    record = read_record(run.exports / export.file)
    write_record(run.exports, type(record)(**{
        name: "0" * 64 if name == "sha256" else getattr(record, name)
        for name in record.__struct_fields__
    }))  # fmt: skip
    try:
        matrix = site_matrix(read_run_records([run])[0], metric_named("auroc"))
        assert export.file not in {each.name for each in matrix.models}
        sentence = f"films/{run.name} ({export.file}) was evaluated on clinic with other weights"
        assert any(each.startswith(sentence) for each in matrix.problems)
    finally:
        write_record(run.exports, record)
    delete_external(run, packed.digest, export.file)
    assert export.file not in {each.model_name for each in read_other_models(run)}
    assert packed.digest in {each.digest for each in read_externals(run)[0]}


def test_a_damaged_run_does_not_keep_others_from_being_evaluated(tmp_path, site):
    """It is told last, with the reason; where nothing could be evaluated it is the error."""
    study, _ = write_film_study(tmp_path, names=("reference", "prune-0.5"))
    damaged = study.run("prune-0.5")
    damaged.model.write_bytes(damaged.model.read_bytes()[:1000])
    measured, skipped = Evaluation(site, CPU).run_all([study.reference, damaged])
    assert isinstance(measured, SiteMeasured)
    assert isinstance(skipped, SiteSkipped)
    assert "model.safetensors" in skipped.problem
    with pytest.raises(Exception, match=r"model\.safetensors"):
        list(Evaluation(site, CPU).run_all([damaged]))
    shutil.rmtree(study.path)
