"""A pack shows of a sealed test what its study shows: nothing before a gate, all after it."""

import shutil
from pathlib import Path

import pytest

from medtui.evidence.gate_record import read_gates
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger
from medtui.runs.result import read_result
from medtui.runs.run_digests import predictions_of
from medtui.runs.verification import verify_study
from medtui.sharing.members import Chosen
from medtui.sharing.opening import open_pack, read_manifest
from medtui.sharing.shared_packs import pack, pack_pseudonymised


@pytest.fixture(params=[pack, pack_pseudonymised], ids=["plain", "pseudonymised"])
def packed(request, tmp_path, monkeypatch):
    """Return a function that packs a study; it returns the pack."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))

    def make(study: StudyFolder) -> Path:
        request.param(tmp_path / "p.zip", [Chosen(study, tuple(study.runs()))], [])
        return tmp_path / "p.zip"

    return make


def test_what_a_killed_gate_left_is_not_packed(twins, opened_once, tmp_path, packed):
    """It has evaluated test, but the ledger has no line: the seal is closed."""
    shutil.copytree(twins.sealed.path, tmp_path / "runs" / "sealed")
    study = StudyFolder(tmp_path / "runs" / "sealed")
    run = study.run("prune-0.9")
    shutil.copytree(opened_once.run("prune-0.9").opened.path, run.opened.path)
    path = packed(study)
    assert not [name for name in read_manifest(path).files if "/opened/" in name]
    copy = StudyFolder(open_pack(path) / "sealed").run("prune-0.9")
    result = read_result(copy)
    assert result is not None
    assert result.is_sealed
    assert predictions_of(copy).is_sealed


def test_what_a_gate_opened_is_packed_with_its_looks(opened_once, packed):
    """The numbers, the decision and its chain are those of the study."""
    copy = StudyFolder(open_pack(packed(opened_once)) / "sealed")
    run, source = copy.run("prune-0.9"), opened_once.run("prune-0.9")
    found, wanted = read_result(run), read_result(source)
    assert found is not None
    assert wanted is not None
    assert found.seal == "opened"
    assert found.test == wanted.test
    assert sorted(predictions_of(run).split("test").logits_NK.tolist()) == sorted(
        predictions_of(source).split("test").logits_NK.tolist()
    )
    assert not [check for check in verify_study(copy) if check.state != "ok"]
    ((_, gate),) = read_gates(run)
    ((_, former),) = read_gates(source)
    assert (gate.decision, gate.claims) == (former.decision, former.claims)
    lines = [read_ledger(study).lines for study in (copy, opened_once)]
    assert [line.outcome for line in lines[0]] == [line.outcome for line in lines[1]] != []
