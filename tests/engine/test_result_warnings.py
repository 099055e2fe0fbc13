"""What a result says about its data set."""

from dataclasses import replace
from pathlib import Path

from medtui.datasets.dataset import Dataset
from medtui.datasets.findings import warning
from medtui.datasets.resolve import OTHER_UNIT
from medtui.engine.run.finalize import finalize
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.session import StopFlag
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset


def test_a_result_says_that_its_patients_are_lesions(tmp_path: Path, dataset: Dataset) -> None:
    """Its counts and intervals name patients, so that the log alone would not be enough."""
    findings = (warning(OTHER_UNIT, "lesions are counted"), warning("bad-images", "2 are left out"))
    data = replace(dataset, findings=findings)
    session = open_session(tmp_path / "a", tiny_preset(), data, StopFlag())
    result = finalize(session, TrainedModel(tiny_network().eval(), 0, 1, 0.0))
    assert "lesions are counted" in result.warnings
    assert "2 are left out" not in result.warnings
