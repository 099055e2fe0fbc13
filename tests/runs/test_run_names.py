"""What the names of run folders say."""

from pathlib import Path

import pytest

from medtui.runs.folder import StudyFolder


@pytest.mark.parametrize(
    ("name", "reference", "control"),
    [
        ("prune-0.1", "reference", "control"),
        ("prune-1e-5-s3", "reference", "control-s3"),
        ("prune-0.1-r1", "reference-s1", "control-r1"),
        ("quantize16-s2-r0", "reference-s0", "control-s2-r0"),
        ("prune-0.123-s2-probe", "reference", "control-s2"),
        ("control-s1-r1", "reference-s1", "control-s1-r1"),
        ("reference-s4", "reference-s4", "control-s4"),
    ],
)
def test_a_name_leads_to_the_reference_and_the_control(name, reference, control):
    """They are found without reading any file."""
    run = StudyFolder(Path("study")).run(name)
    assert (run.reference.name, run.control.name) == (reference, control)
    assert run.is_reference == name.startswith("reference")
    assert run.is_control == name.startswith("control")
    assert run.is_compressed == (not run.is_reference and not run.is_control)


def test_the_references_come_first(tmp_path):
    """The first of them has no suffix, in whatever order the folders were copied."""
    study = StudyFolder(tmp_path)
    for name in ("prune-0.1", "reference-s1", "reference"):
        study.run(name).path.mkdir()
        study.run(name).preset.write_text("")
    assert [run.name for run in study.runs()] == ["reference", "reference-s1", "prune-0.1"]
