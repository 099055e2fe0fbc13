"""What a prepared study's preset records of the machine and the environment."""

import re
from pathlib import Path

import pytest

from medtui.errors import UsageError
from medtui.jobs import device_slots
from medtui.jobs.device_slots import (
    Slot,
    explain_threads,
    explain_workers,
    num_references_alone,
    resolve_threads,
)
from medtui.jobs.launcher import prepare_study, resume_study
from medtui.jobs.schedulers.local import LocalScheduler
from medtui.preset import Preset, parse_preset
from medtui.preset.precision import PRECISION_VARIABLE

PRESET = """
name = "small"
[data]
card = "demo"
[lc]
mode = "{mode}"
{lc}
[machine]
device = "{device}"
{machine}
"""


def preset(mode: str, *, machine: str = "", lc: str = "", device: str = "cpu") -> Preset:
    """Return a preset with these lines."""
    return parse_preset(PRESET.format(mode=mode, machine=machine, lc=lc, device=device), "small")


@pytest.fixture(autouse=True)
def _four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend four cores, and no precision set in the environment."""
    monkeypatch.setattr(device_slots, "num_cores", lambda: 4)
    monkeypatch.delenv(PRECISION_VARIABLE, raising=False)


def resolved(runs_dir: Path, asked: Preset) -> Preset:
    """Return the preset that a study's folder records."""
    return parse_preset(prepare_study(asked, runs_dir).preset.read_text(), "resolved")


@pytest.mark.parametrize(
    ("mode", "machine", "threads", "reference_threads"),
    [
        ("exact", "", 1, 4),
        ("exact", "workers = 1", 4, 4),
        ("exact", "workers = 1\nthreads = 2", 2, 2),
        ("fast", "", 1, 4),
        ("fast", "workers = 1", 1, 4),
        ("fast", "threads = 2", 1, 2),
        ("fast", "workers = 1\nthreads = 2\nreference_threads = 3", 1, 3),
    ],
)
def test_fast_mode_on_a_cpu_has_one_thread(tmp_path, mode, machine, threads, reference_threads):
    """However many threads are available or requested; the reference has its own number."""
    machine_of = resolved(tmp_path, preset(mode, machine=machine)).machine
    assert machine_of.threads == threads
    assert machine_of.reference_threads == reference_threads


WHOLE = '[compute]\nmode = "fast"\n'
"""Of a preset: every stage in fast mode."""


def test_references_in_fast_mode_have_one_thread(tmp_path):
    """Where the whole study is in fast mode; several references then leave no core idle."""
    whole = preset("exact", machine=f"threads = 2\n{WHOLE}")
    machine = resolved(tmp_path, whole).machine
    assert (machine.threads, machine.reference_threads) == (1, 1)
    assert 'set compute.mode = "exact"' in explain_threads(whole)


@pytest.mark.parametrize(
    ("device", "whole", "alone"),
    [
        ("cpu", "", 3),
        ("cpu", WHOLE, 1),
        ("cpu", f'{WHOLE}precision = "float32"', 0),
        ("cuda:0", WHOLE, 0),
    ],
)
def test_references_run_side_by_side_where_each_has_one_thread(device, whole, alone):
    """The first measures the precision of the others."""
    scheduler = LocalScheduler([Slot("", device)] * 2)
    study = preset("exact", machine=whole)
    assert num_references_alone(study, 3, shares_cores=scheduler.shares_cores) == alone


def test_fast_mode_on_a_gpu_keeps_its_threads(monkeypatch):
    """On a GPU, threads only prepare its work."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    on_gpu = preset("fast", machine="threads = 3", device="cuda")
    assert resolve_threads(on_gpu).threads == 3
    assert explain_threads(on_gpu) == ""


def test_fewer_threads_than_requested_are_explained():
    """A number from the preset is not replaced silently."""
    explained = explain_threads(preset("fast", machine="threads = 2"))
    assert explained.startswith("machine.threads = 2, but each run uses 1: on a CPU, fast mode")
    assert explain_threads(preset("fast", machine="threads = 1")) == ""
    assert explain_threads(preset("fast")) == ""
    assert explain_threads(preset("exact", machine="threads = 2")) == ""


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_environments_precision_is_recorded(tmp_path, monkeypatch, precision):
    """Resuming or repeating the study from another shell gives equal results."""
    monkeypatch.setenv(PRECISION_VARIABLE, precision)
    assert resolved(tmp_path, preset("fast")).compute.precision == precision
    other = 'fast_precision = "float32"'
    assert resolved(tmp_path, preset("fast", lc=other)).compute.precision == "float32"
    assert resolved(tmp_path, preset("exact")).compute.precision is None


def test_without_the_override_a_resolved_preset_is_as_before(tmp_path):
    """A key that was not set is not written."""
    text = prepare_study(preset("fast"), tmp_path).preset.read_text()
    assert "precision = " not in text


def test_an_invalid_precision_starts_nothing(tmp_path, monkeypatch):
    """Neither a new study nor a resumed one is started."""
    study = prepare_study(preset("fast"), tmp_path)
    monkeypatch.setenv(PRECISION_VARIABLE, "bf16")
    sentence = re.escape("MEDTUI_FAST_PRECISION=bf16 is not a precision of fast mode.")
    with pytest.raises(UsageError, match=sentence):
        resume_study(study)
    with pytest.raises(UsageError, match=sentence):
        prepare_study(preset("fast"), tmp_path / "new")
    assert not study.supervisor_log.exists()
    assert not (tmp_path / "new").exists()


def test_an_invalid_value_names_its_line():
    """The message has the file, the line and the key."""
    with pytest.raises(UsageError, match=r"small:\d+: `compute\.precision` = 'fp32'"):
        preset("fast", lc='fast_precision = "fp32"')


def test_more_workers_than_cores_are_explained():
    """They run, more slowly than one for each core, and are a likely slip."""
    explained = explain_workers(preset("exact", machine="workers = 256").machine)
    assert explained.startswith("machine.workers = 256, but 4 CPU cores can be used")
    assert explain_workers(preset("exact", machine="workers = 4").machine) == ""
    assert explain_workers(preset("exact").machine) == ""
