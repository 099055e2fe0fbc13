"""The estimate of a study's duration, measured on a small network."""

import pytest

from medtui.engine.estimate import one_of_each_scheme
from medtui.engine.preflight import forecast
from medtui.jobs.launcher import describe_estimate
from medtui.preset import parse_preset
from medtui.protocol.preflight import Estimate

PRESET = """
name = "measured"
[data]
card = "demo"
limit = 24
[model]
architecture = "shufflenet_v2_x0_5"
[reference]
epochs = 2
batch_size = 8
[compress]
schemes = ["Prune", "Quantize16"]
[lc]
cycles = 3
steps = 2
batch_size = 8
[guard]
finetune_epochs = 2
[evaluate]
bootstrap = 100
[machine]
device = "cpu"
workers = 2
"""


@pytest.fixture(scope="module")
def estimate() -> Estimate:
    """The estimate of a study that two workers share."""
    found = forecast(
        parse_preset(PRESET, "measured"), is_measured=True, seconds_start=5.0, seconds_fork=0.5
    )
    assert found.estimate is not None
    return found.estimate


def test_every_stage_has_its_seconds(estimate):
    """Stages include fine-tuning and add up to the run, and runs to the study."""
    run = {each.stage: each.seconds for each in estimate.stages_run}
    assert list(run) == ["start", "compress", "finetune", "evaluate"]
    assert all(seconds > 0 for seconds in run.values())
    assert sum(run.values()) == pytest.approx(estimate.seconds_run)
    reference = {each.stage: each.seconds for each in estimate.stages_reference}
    assert list(reference) == ["start", "reference", "evaluate"]
    assert sum(reference.values()) == pytest.approx(estimate.seconds_reference)
    assert reference["start"] == 5.0
    assert run["start"] == pytest.approx(0.5 * estimate.side_by_side_factor)
    assert estimate.seconds_study > estimate.seconds_reference + estimate.seconds_run * 0.9


def test_the_conditions_stand_beside_it(estimate):
    """The estimate has load and cores of the measurement, parallel runs and their slow-down."""
    assert estimate.load >= 0
    assert estimate.cores >= 1
    assert estimate.num_side_by_side == 2
    assert 1 <= estimate.side_by_side_factor <= 2
    said = describe_estimate(estimate)
    assert f"measured at load {estimate.load:.1f} on {estimate.cores} core" in said
    assert "of fine-tuning" in said
    assert "2 at once" in said


def test_each_scheme_is_measured_once():
    """Whatever its densities and seeds; a searched scheme stands in no grid."""
    text = PRESET.replace('"Quantize16"]', '"FilterPrune"]\ndensities = [0.1, 0.3]\nseeds = [0, 1]')
    found = one_of_each_scheme(parse_preset(text, "measured"))
    assert [cell.slug for cell in found] == ["prune-0.1", "filterprune-0.1"]
    searched = text + '[search]\nscheme = ["FilterPrune", "StructPrune"]\nlow = 0.2\n'
    found = one_of_each_scheme(parse_preset(searched, "measured"))
    assert [cell.scheme.name for cell in found] == ["Prune", "FilterPrune", "StructPrune"]
    assert found[-1].density == 0.2
