"""The precision of the fast mode: how it is chosen, and where it is recorded."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from medtui.datasets.dataset import open_dataset
from medtui.engine.precision import fast_precision_on, native_precision
from medtui.engine.run.pipeline import execute
from medtui.engine.run.provenance import differences, with_precision
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.network import build_network
from medtui.errors import UsageError
from medtui.events import Noted, RunStarted
from medtui.preset import Preset, expand_grid, parse_preset
from medtui.preset.precision import PRECISION_VARIABLE
from medtui.runs.folder import RunFolder, StudyFolder
from medtui.runs.log.reader import EventTail
from medtui.runs.log.writer import EventWriter
from tests.helpers.tiny_sessions import CutAfter

CPU = torch.device("cpu")
BOTH = ["float32", "bfloat16"]
ARCHITECTURE = "shufflenet_v2_x0_5"

PRESET = """
name = "small"
[data]
card = "demo"
limit = 48
[model]
architecture = "{architecture}"
[compress]
guard = "off"
[lc]
mode = "{mode}"
cycles = 2
steps = 2
batch_size = 16
mu_init = 0.5
[evaluate]
bootstrap = 20
"""


def small(mode: str = "fast") -> Preset:
    """Return a preset of one run with one L step."""
    return parse_preset(PRESET.format(mode=mode, architecture=ARCHITECTURE), "small")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the folder of a compression whose study has a reference."""
    study = StudyFolder(tmp_path / "study")
    network = build_network(ARCHITECTURE, channels=3, num_classes=2, seed=0)
    study.reference.path.mkdir(parents=True)
    safetensors.torch.save_file(network.state_dict(), study.reference.model)
    run = study.run(expand_grid(small())[0].slug)
    run.path.mkdir()
    return run


def carry(run: RunFolder, preset: Preset, stop: StopFlag) -> RunStarted:
    """Run until `stop` ends it; return its start event."""
    with EventWriter(run.events) as log:
        execute(run, preset, log, stop, RunStarted(1, "host", "cpu", threads=1))
    return starts_of(run)[-1]


def starts_of(run: RunFolder) -> list[RunStarted]:
    """Return all start events of the run."""
    events = [record.event for record in EventTail(run.events).read_all()]
    return [event for event in events if isinstance(event, RunStarted)]


def notes_of(run: RunFolder) -> str:
    """Return the texts of the run's notes."""
    events = [record.event for record in EventTail(run.events).read_all()]
    return "\n".join(event.text for event in events if isinstance(event, Noted))


@pytest.mark.parametrize("precision", BOTH)
def test_the_environment_overrules_the_processor(monkeypatch, precision):
    """Both precisions work on any hardware."""
    monkeypatch.setenv(PRECISION_VARIABLE, precision)
    assert fast_precision_on(CPU).name == precision
    assert fast_precision_on(CPU).memory_format is torch.channels_last


@pytest.mark.parametrize("precision", BOTH)
def test_the_preset_overrules_the_environment(monkeypatch, precision):
    """A preset's precision is used on any hardware."""
    other = next(each for each in BOTH if each != precision)
    monkeypatch.setenv(PRECISION_VARIABLE, other)
    assert fast_precision_on(CPU, precision).name == precision


@pytest.mark.parametrize("precision", BOTH)
def test_products_have_the_precision_asked_for(precision):
    """A layer's output type shows its precision."""
    seen = []
    layer = torch.nn.Conv2d(3, 4, 3)
    layer.register_forward_hook(lambda _layer, _inputs, made: seen.append(made.dtype))
    logits = fast_precision_on(CPU, precision).logits(layer, torch.ones(1, 3, 8, 8))
    assert seen == [getattr(torch, precision)]
    assert logits.dtype is torch.float32


def test_a_wrong_value_is_refused(monkeypatch):
    """The error names the variable, its value and the allowed values."""
    monkeypatch.setenv(PRECISION_VARIABLE, "fp32")
    with pytest.raises(UsageError) as caught:
        fast_precision_on(CPU)
    assert str(caught.value) == (
        "MEDTUI_FAST_PRECISION=fp32 is not a precision of fast mode.\n"
        "Set it to float32 or bfloat16, or unset it."
    )


@pytest.mark.parametrize("precision", BOTH)
def test_a_fast_run_records_its_precision(monkeypatch, run, precision):
    """Provenance and log have the precision; emulation is a warning."""
    monkeypatch.setenv(PRECISION_VARIABLE, precision)
    carry(run, small(), StopFlag())
    provenance = json.loads(run.provenance.read_text())
    assert provenance["fingerprint"]["precision"] == precision
    assert f"fast mode computes in {precision}, channels_last" in notes_of(run)
    is_emulated = precision == "bfloat16" and native_precision(CPU) == "float32"
    assert ("emulated" in notes_of(run)) == is_emulated


def test_an_exact_run_has_no_precision_of_its_own(monkeypatch, run):
    """The override changes the fast mode only."""
    monkeypatch.setenv(PRECISION_VARIABLE, "bfloat16")
    carry(run, small("exact"), StopFlag())
    assert "precision" not in json.loads(run.provenance.read_text())["fingerprint"]


@pytest.mark.parametrize(("after", "is_same"), [("float32", True), ("bfloat16", False)])
def test_a_resumed_run_says_whether_its_precision_changed(monkeypatch, run, after, is_same):
    """The precision is part of a checkpoint's fingerprint."""
    open_dataset(small().data)  # cached, so that the cut falls into a step
    monkeypatch.setenv(PRECISION_VARIABLE, "float32")
    with pytest.raises(StopRequested):
        carry(run, small(), CutAfter(looks=1))
    monkeypatch.setenv(PRECISION_VARIABLE, after)
    started = carry(run, small(), StopFlag())
    assert started.resumed_at is not None
    assert started.is_bit_exact == is_same
    warned = "Resumed, but not bit for bit: precision float32 -> bfloat16." in notes_of(run)
    assert warned != is_same


def test_an_earlier_checkpoint_has_the_processors_precision():
    """Checkpoints of earlier versions have no precision; they resume to the same bits."""
    earlier = {"device": "cpu", "threads": "1"}
    native = native_precision(CPU)
    other = next(each for each in BOTH if each != native)
    now = earlier | {"precision": native}
    assert differences(with_precision(earlier, CPU), now) == []
    overruled = earlier | {"precision": other}
    assert differences(with_precision(earlier, CPU), overruled) == [
        f"precision {native} -> {other}"
    ]
