"""A run from scratch: its network, its training, and how it is read by others."""

from pathlib import Path

import pytest

from medtui.analysis.baselines import baseline_of
from medtui.analysis.run_record import read_run_records
from medtui.engine.export.loaded_run import load_run
from medtui.engine.preflight import forecast
from medtui.engine.pruning.narrowing import NotNarrowable, num_parameters
from medtui.engine.run.load_run import finished_result, load_network, preset_of
from medtui.engine.run.pipeline import execute
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.events import RunStarted
from medtui.jobs.planning import plan_runs
from medtui.preset import Preset, dump_preset, parse_preset
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.runs.narrowed_record import read_narrowed
from medtui.runs.result import read_result
from medtui.runs.runs_dir import create_study
from tests.helpers.small_study import record_finished
from tests.helpers.tiny_sessions import CutAfter

PRESET = """
schema = 2
name = "narrow"
[data]
card = "demo"
limit = 48
[model]
architecture = "{architecture}"
[reference]
epochs = 2
batch_size = 16
seeds = [3]
[compress]
schemes = ["Prune"]
seeds = [0]
densities = [0.1]
control = false
scratch = true
[machine]
device = "cpu"
"""


NONZERO = 50_000
"""Nonzero weights that the recorded compression is said to have; it has 1,000 weights."""


def preset_with(architecture: str) -> Preset:
    """Return a preset that trains a network from scratch."""
    return parse_preset(PRESET.format(architecture=architecture), "test")


def planned(folder: Path) -> tuple[StudyFolder, Preset]:
    """Return a study whose compression is finished, and whose network from scratch is planned."""
    preset = preset_with("squeezenet1_1")
    study = create_study(folder, preset.name)
    study.preset.write_text(dump_preset(preset))
    plan_runs(study, preset)
    record_finished(study.run("prune-0.1"), density=NONZERO / 1000)
    return study, preset


def carry_out(run: RunFolder, preset: Preset, stop: StopFlag) -> None:
    """Execute a run on one CPU thread."""
    with EventWriter(run.events) as log:
        execute(run, preset, log, stop, RunStarted(1, "box", "cpu", threads=1))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyFolder:
    """A study with a reference and a network from scratch, executed, and a recorded compression."""
    study, preset = planned(tmp_path_factory.mktemp("scratch"))
    for name in ("reference", "scratch"):
        carry_out(study.run(name), preset, StopFlag())
    return study


def test_it_has_about_the_parameters_of_the_smallest_run_and_names_both_numbers(study):
    """The recorded run keeps a certain number of parameters, which decides the width."""
    recorded = read_result(study.run("prune-0.1"))
    assert recorded is not None
    smallest = recorded.size.num_nonzero
    result = finished_result(study.run("scratch"))
    narrowing = result.narrowing
    assert narrowing is not None
    assert (narrowing.target, narrowing.target_run) == (smallest, "prune-0.1")
    assert narrowing.num_parameters == result.size.num_parameters
    assert result.size.num_parameters == pytest.approx(smallest, rel=0.1)
    assert f"{smallest:,}" in narrowing.sentence
    assert f"{result.size.num_parameters:,}" in narrowing.sentence


def test_it_is_trained_as_the_reference_is(study):
    """The same seed, epochs, split and choice of the epoch; it is compared with the reference."""
    scratch, reference = (finished_result(study.run(name)) for name in ("scratch", "reference"))
    assert (scratch.seed, scratch.num_cycles, scratch.is_last_kept, scratch.guard) == (
        reference.seed, reference.num_cycles, reference.is_last_kept, reference.guard,
    )  # fmt: skip
    assert scratch.seed == 3
    assert scratch.test.reference["accuracy"] == reference.test.metrics["accuracy"]
    assert not scratch.direct_compression
    entries, _ = read_run_records([study.reference, study.run("scratch")])
    assert baseline_of(entries[1], entries) is entries[0]
    assert not entries[1].folder.is_compressed


def test_its_model_is_loaded_and_exported_like_others(study):
    """The widths are read beside the weights; an exported file names them."""
    run = study.run("scratch")
    network = load_network(run, preset_of(run), finished_result(run))
    assert num_parameters(network) == finished_result(run).size.num_parameters
    loaded = load_run(run, is_shrunk=False, num_images=16)
    record = read_narrowed(run)
    assert record is not None
    widths = {layer.name: layer.outputs for layer in record.network.layers}
    assert {layer.name: layer.outputs for layer in loaded.manifest.layers} == widths


def test_a_run_that_was_stopped_ends_in_the_same_bits(study, tmp_path):
    """The width is stored before the first step, also if a smaller compression ends meanwhile."""
    again, preset = planned(tmp_path)
    carry_out(again.reference, preset, StopFlag())
    run = again.run("scratch")
    for looks in (2, 3):
        with pytest.raises(StopRequested):
            carry_out(run, preset, CutAfter(looks=looks))
        assert read_result(run) is None
    other = again.run("prune-0.01")
    other.path.mkdir()
    other.preset.write_text(dump_preset(preset))
    record_finished(other, density=NONZERO / 2000)
    carry_out(run, preset, StopFlag())
    assert run.narrowed.read_bytes() == study.run("scratch").narrowed.read_bytes()
    assert run.model.read_bytes() == study.run("scratch").model.read_bytes()


def test_a_forecast_states_its_size_or_why_there_is_none():
    """What cannot be narrowed is refused before anything starts."""
    found = forecast(preset_with("squeezenet1_1")).scratch
    assert found is not None
    assert found.target_run == "prune-0.1"
    assert found.num_parameters == pytest.approx(found.target, rel=0.2)
    with pytest.raises(NotNarrowable, match=r"compress\.scratch: .*ShuffleNetV2") as caught:
        forecast(preset_with("shufflenet_v2_x0_5"))
    assert caught.value.key == ("compress", "scratch")
