"""The metric that a search holds where its preset names none."""

from pathlib import Path

import pytest

from medtui.preset import SearchSettings
from medtui.runs.folder import StudyFolder
from medtui.search.observations import Observer

RECORDED = Path(__file__).resolve().parents[1] / "recorded"


@pytest.mark.parametrize(("study", "metric"), [("cells", "accuracy"), ("films", "auroc")])
def test_a_search_holds_what_its_study_is_judged_by(study: str, metric: str) -> None:
    """AUROC where images have several labels; a named metric stays."""
    folder = StudyFolder(RECORDED / study)
    for named, expected in ((None, metric), ("balanced_accuracy", "balanced_accuracy")):
        settings = SearchSettings(scheme=("Prune",), metric=named)
        assert Observer(folder, settings, "jackknife", 0, 0).metric.name == expected
