"""What is added to a study leaves its runs as they are."""

import pytest

from medtui.errors import EnvironmentProblem, UsageError
from medtui.jobs import extension
from medtui.jobs.extension import extend_study
from medtui.preset import Preset, expand_grid, parse_preset
from medtui.preset.extension import describe_extension, extend_preset
from medtui.protocol.preflight import Preflight
from medtui.runs.external_record import read_externals
from medtui.runs.folder import StudyFolder
from medtui.runs.ownership.lock import FolderLock
from tests.helpers.mini_study import mini_preset, start_medtui

PRESET = """
schema = 2
name = "cells"
# why these densities
[data]
card = "demo"
[compress]
schemes = ["Prune"]
densities = [0.5, 0.1]
control = false
"""


def _preset() -> Preset:
    return parse_preset(PRESET, "preset.toml")


def _slugs(preset: Preset) -> set[str]:
    return {cell.slug for cell in expand_grid(preset)}


@pytest.mark.parametrize(
    ("added", "slugs", "words"),
    [
        ("compress.densities=[0.05]", {"prune-0.05"}, "1 run"),
        ("compress.densities=[0.5, 0.1, 0.05]", {"prune-0.05"}, "1 run"),
        ("compress.densities=0.05", {"prune-0.05"}, "1 run"),
        ('compress.schemes=["Quantize16"]', {"quantize16"}, "1 run"),
        ("compress.seeds=[3]", {"prune-0.5-s3", "prune-0.1-s3"}, "2 runs"),
        (
            "reference.seeds=[1]",
            {"prune-0.5-s1-r1", "prune-0.1-s1-r1"},
            "1 reference, 2 runs",
        ),
        ('external=[{name = "b", card = "demo"}]', set(), "1 external data set"),
    ],
)
def test_what_is_named_is_added(added, slugs, words):
    """A list may repeat what the study has."""
    before = _preset()
    after = extend_preset(before, [added], "cells")
    assert _slugs(after) == _slugs(before) | slugs
    assert describe_extension(before, after) == words


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("lc.steps=10", "this cannot change in a study that exists"),
        ("compress.guard=off", "this cannot change in a study that exists"),
        ("compress.densities=[0.1]", "cells has all of it already"),
        ('compress.omit=["prune-0.1"]', "prune-0.1 would no longer be a run"),
        ("compress.densities=[2.0]", "less than or equal to 1"),
        ('compress.schemes=["Prun"]', "unknown scheme `Prun`"),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_reason(added, message):
    """The runs that exist would no longer be what the preset says."""
    with pytest.raises(UsageError, match=message):
        extend_preset(_preset(), [added], "cells")


def test_the_presets_comments_stay_and_a_running_study_is_refused(tmp_path, monkeypatch):
    """A supervisor that runs would not see what is added."""
    monkeypatch.setattr(extension, "preflight", lambda _preset: Preflight(2, 2, 2, 0, [], [], 10.0))
    study = StudyFolder(tmp_path / "cells")
    study.path.mkdir()
    study.preset.write_text(PRESET)
    with (
        FolderLock(study.lock),
        pytest.raises(EnvironmentProblem, match="cells"),
    ):
        extend_study(study, ["compress.densities=[0.05]"])
    assert study.preset.read_text() == PRESET
    extend_study(study, ["compress.densities=[0.05]"])
    text = study.preset.read_text()
    assert "# why these densities" in text
    assert parse_preset(text, "preset.toml").compress.densities == (0.5, 0.1, 0.05)


def test_a_finished_study_is_extended_without_training_its_reference_again(tmp_path):
    """New runs and evaluations are added; finished runs keep every byte of their results."""
    (tmp_path / "mini.toml").write_text(mini_preset())
    _run(tmp_path, "--run", "mini.toml")
    study = StudyFolder(tmp_path / "runs" / "mini")
    kept = [
        run.path / name for run in study.runs() for name in ("result.json", "model.safetensors")
    ]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept}
    added = ["compress.densities=[0.25]", 'external=[{name = "again", card = "demo"}]']
    _run(tmp_path, "extend", "mini", *(word for each in added for word in ("--set", each)))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept} == before
    assert [run.name for run in study.runs()] == ["reference", "prune-0.5", "prune-0.25"]
    sites = [[each.site for each in read_externals(run)[0]] for run in study.runs()]
    assert sites == [["again"]] * 3


def _run(folder, *words: str) -> None:
    process = start_medtui(folder, *words)
    _, narration = process.communicate(timeout=900)
    assert process.returncode == 0, narration.decode()
