"""The rule of decisions and the class weights: from the preset into results and forecasts."""

from dataclasses import replace

import numpy as np
import pytest

from medtui.datasets.dataset import SplitData, open_dataset
from medtui.engine.preflight import forecast
from medtui.engine.run.finalize import finalize
from medtui.engine.run.result_content import TrainedModel
from medtui.engine.run.stopping import StopFlag
from medtui.metrics.none_class import NoneClass
from medtui.preset import DataSettings, Preset
from medtui.runs.predictions import read_predictions
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset

PRESET = tiny_preset()


def with_rule(rule: str, none_class: str) -> Preset:
    """Return the tiny preset with other decisions."""
    evaluate = PRESET.evaluate.model_copy(update={"thresholds": rule, "none_class": none_class})
    return PRESET.model_copy(update={"evaluate": evaluate})


def multi_label(part: SplitData) -> SplitData:
    """Return a split with two labels an image."""
    return replace(part, labels=np.eye(2, dtype=np.uint8)[part.labels])


@pytest.mark.parametrize("none_class", ["exclusive", "independent"])
def test_a_result_names_the_rule_and_decides_by_it(tmp_path, none_class) -> None:
    """Exclusively, the first class is answered only where the second is not."""
    dataset = open_dataset(PRESET.data)
    train, val, test = (multi_label(split) for split in dataset.splits)
    dataset = replace(dataset, task="multi", train=train, val=val, test=test,
                      positive_class=None, none_class=NoneClass(dataset.classes[0]))  # fmt: skip
    preset = with_rule("sensitivity=0.8", none_class)
    session = open_session(tmp_path / "a", preset, dataset, StopFlag())
    result = finalize(session, TrainedModel(tiny_network(), 0, 4, 0.0))
    stored = read_predictions(session.folder.predictions)
    assert (result.threshold_rule, stored.threshold_rule) == ("sensitivity=0.8",) * 2
    assert result.none_class == (dataset.classes[0] if none_class == "exclusive" else None)
    answers_NK = stored.scores("val").answers_NK
    assert answers_NK[:, 1][stored.splits["val"].labels[:, 1] == 1].mean() >= 0.8
    are_both = (answers_NK[:, 0] & answers_NK[:, 1]).any()
    assert are_both == (none_class == "independent")
    assert result.class_weights == dict(zip(dataset.classes, dataset.class_weights, strict=True))
    assert result.test.at_sensitivity.keys() == set(dataset.classes)


def test_a_forecast_has_the_class_weights_and_the_rule() -> None:
    """Single-label tasks have no thresholds."""
    data = DataSettings(card="demo", limit=48, class_weights="frequency")
    found = forecast(PRESET.model_copy(update={"data": data}))
    assert found.class_weights.keys() == set(found.classes)
    assert found.class_weight_rule.startswith("frequency")
    assert found.decisions == ""
