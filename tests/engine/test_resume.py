"""A run that is stopped anywhere and resumed has the bits of an uninterrupted one."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.compression import compress
from medtui.engine.run.checkpoint import GENERATIONS, CheckpointStore, SavedState
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.events import CycleEnded
from medtui.preset import Preset
from medtui.runs.log.reader import EventTail
from tests.helpers.full_disk import raise_no_space
from tests.helpers.tiny_sessions import (
    CutAfter,
    deep_network,
    open_session,
    tiny_network,
    tiny_preset,
)

Work = Callable[[Session], nn.Module]

SCHEMES = [
    "Prune", "Quantize16", "PruneQuantize16", "FilterPrune", "StructPrune", "StructPruneQuantize16",
]  # fmt: skip

CASES = [
    *((scheme, guard) for scheme in SCHEMES for guard in ("off", "on")),
    ("StructPruneGroupQuantize16", "on"),
]
"""Groups of channels need the guard."""


def compressing(session: Session) -> nn.Module:
    """Compress a fresh tiny network."""
    return compress(session, tiny_network())[0]


def compressing_with_dropout(session: Session) -> nn.Module:
    """Compress a fresh tiny network with dropout, which draws from torch's generator."""
    network = tiny_network()
    network[7] = nn.Sequential(nn.Flatten(), nn.Dropout(0.5))
    return compress(session, network)[0]


def training(session: Session) -> nn.Module:
    """Train a fresh tiny network."""
    plan = TrainingPlan("reference", 3, 16, 0.05, 0.9, 1e-4)
    return train(session, tiny_network(), plan)[0]


def compressing_deep(session: Session) -> nn.Module:
    """Compress a network whose last kernels are cropped in fast mode."""
    return compress(session, deep_network())[0]


def training_deep(session: Session) -> nn.Module:
    """Train a network whose last kernels are cropped in fast mode."""
    plan = TrainingPlan("reference", 3, 16, 0.05, 0.9, 1e-4)
    return train(session, deep_network(), plan)[0]


def carry(
    folder: Path, preset: Preset, dataset: Dataset, work: Work, cuts: list[int]
) -> tuple[dict[str, torch.Tensor], list[CycleEnded]]:
    """Run with interruptions after given numbers of stop checks; return weights and cycles."""
    is_reference = work in {training, training_deep}
    for looks in cuts:
        stop = CutAfter(looks=looks)
        session = open_session(folder, preset, dataset, stop, is_reference=is_reference)
        with pytest.raises(StopRequested), session.log:
            work(session)
    session = open_session(folder, preset, dataset, StopFlag(), is_reference=is_reference)
    with session.log:
        model = work(session)
    records = EventTail(session.folder.events).read_all()
    assert [record.seq for record in records] == list(range(len(records)))
    return model.state_dict(), [
        record.event for record in records if isinstance(record.event, CycleEnded)
    ]


def assert_same(
    cut: tuple[dict[str, torch.Tensor], list[CycleEnded]],
    whole: tuple[dict[str, torch.Tensor], list[CycleEnded]],
) -> None:
    """Compare weights bit for bit, and all measurements except durations."""
    for name, tensor in whole[0].items():
        assert cut[0][name].dtype == tensor.dtype, name
        assert torch.equal(cut[0][name], tensor), name
    left, right = ([timeless(cycle) for cycle in each[1]] for each in (cut, whole))
    assert left == right


def timeless(cycle: CycleEnded) -> dict[str, object]:
    """Return a cycle's event without its duration."""
    names = [name for name in cycle.__struct_fields__ if name != "seconds"]
    return {name: getattr(cycle, name) for name in names}


@pytest.mark.parametrize(("scheme", "guard"), CASES)
def test_a_cut_compression_resumes_to_the_same_bits(tmp_path, dataset, scheme, guard):
    """Stops are at random steps and at ends of cycles, once and several times."""
    preset = tiny_preset(scheme, guard)
    whole = carry(tmp_path / "whole", preset, dataset, compressing, [])
    rng = random.Random(scheme + guard)
    for trial in range(4):
        cuts = [rng.randrange(1, 8) for _ in range(rng.randrange(1, 4))]
        cut = carry(tmp_path / f"cut-{trial}", preset, dataset, compressing, cuts)
        assert_same(cut, whole)


def test_a_network_with_dropout_resumes_to_the_same_bits(tmp_path, dataset):
    """The states of torch's generators are part of a checkpoint."""
    preset = tiny_preset("Prune", "off")
    whole = carry(tmp_path / "whole", preset, dataset, compressing_with_dropout, [])
    cut = carry(tmp_path / "cut", preset, dataset, compressing_with_dropout, [3, 6])
    assert_same(cut, whole)


@pytest.mark.parametrize("scheme", ["Prune", "StructPruneQuantize16"])
def test_a_cut_fast_compression_resumes_to_the_same_bits(tmp_path, dataset, scheme):
    """On a CPU the fast mode resumes to the same bits as well."""
    preset = tiny_preset(scheme, "on", "fast")
    whole = carry(tmp_path / "whole", preset, dataset, compressing, [])
    for cuts in ([2], [5, 3]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, compressing, cuts), whole)


WHOLE = {"mode": "fast", "is_whole": True}
"""Of `tiny_preset`: every stage in fast mode."""


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("scheme", ["Prune", "StructPruneQuantize16"])
def test_a_cut_study_in_fast_mode_resumes_to_the_same_bits(tmp_path, dataset, scheme, precision):
    """Kernels are cropped again on what was restored; the momentum continues."""
    preset = tiny_preset(scheme, "on", precision=precision, **WHOLE)
    whole = carry(tmp_path / "whole", preset, dataset, compressing_deep, [])
    for cuts in ([2], [5, 3]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, compressing_deep, cuts), whole)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_cut_reference_in_fast_mode_resumes_to_the_same_bits(tmp_path, dataset, precision):
    """The momentum of cropped kernels is in the checkpoint."""
    preset = tiny_preset(precision=precision, **WHOLE)
    whole = carry(tmp_path / "whole", preset, dataset, training_deep, [])
    for cuts in ([1], [4], [5, 1, 2]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, training_deep, cuts), whole)


@pytest.mark.slow
def test_two_hundred_cuts_resume_to_the_same_bits(tmp_path, dataset):
    """Two hundred stops of one run change no bit."""
    preset = tiny_preset("Prune", "off")
    whole = carry(tmp_path / "whole", preset, dataset, compressing, [])
    rng = random.Random(7)
    for trial in range(200):
        cuts = [rng.randrange(1, 9) for _ in range(rng.randrange(1, 4))]
        assert_same(carry(tmp_path / str(trial), preset, dataset, compressing, cuts), whole)


def test_a_cut_reference_resumes_to_the_same_bits(tmp_path, dataset):
    """Training of the reference continues its momentum, order and schedule."""
    preset = tiny_preset()
    whole = carry(tmp_path / "whole", preset, dataset, training, [])
    for cuts in ([1], [3], [4], [2, 3], [5, 1, 2]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, training, cuts), whole)


def saved(store: CheckpointStore, cycle: int) -> None:
    """Save a small state."""
    state = SavedState("compress", cycle, 0, {"x": 0.1}, {})
    store.save(state, {"w": torch.full((4,), float(cycle)), "half": torch.ones(2).half()})


def test_two_checkpoints_are_kept_and_read_back_exactly(tmp_path):
    """The newest checkpoint is read with its types; older ones than two are deleted."""
    store = CheckpointStore(tmp_path / "checkpoint")
    assert store.load_newest() is None
    for cycle in range(5):
        saved(store, cycle)
    newest = store.load_newest()
    assert newest is not None
    assert newest.state.cycle == 4
    assert newest.tensors["half"].dtype is torch.float16
    assert len(list((tmp_path / "checkpoint").iterdir())) == GENERATIONS


def test_checkpoints_keep_within_their_share_of_the_time(tmp_path, monkeypatch):
    """The first checkpoint waits for as long as its size suggests, later ones by duration."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    store = CheckpointStore(tmp_path / "checkpoint")
    store.expect(200_000_000)
    assert not store.is_due
    now += 49
    assert not store.is_due
    now += 2
    assert store.is_due
    monkeypatch.setattr(os, "fsync", lambda _: pass_time(3))

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    saved(store, 1)
    took = now - 151
    assert took >= 6
    now += 49 * took
    assert not store.is_due
    now += 2 * took
    assert store.is_due


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    """A checkpoint that is truncated, has a flipped bit or lacks a file is skipped."""
    rng = random.Random(1)
    damages: list[Callable[[Path], object]] = [
        lambda folder: (folder / "state.json").unlink(),
        lambda folder: (folder / "tensors.safetensors").unlink(),
        lambda folder: (folder / "state.json").write_bytes(b"{"),
    ]
    damages += [lambda folder, share=share: truncate(folder, share) for share in (0, 1, 25, 50, 99)]
    damages += [lambda folder: flip(folder, rng)] * 20
    for number, damage in enumerate(damages):
        store = CheckpointStore(tmp_path / str(number))
        saved(store, 1)
        saved(store, 2)
        damage(tmp_path / str(number) / "000002")
        newest = store.load_newest()
        assert newest is not None
        assert newest.state.cycle == 1
        assert "damaged" in store.damaged[0]


def truncate(folder: Path, percent: int) -> None:
    """Keep only the first part of the tensors."""
    path = folder / "tensors.safetensors"
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * percent // 100])


def flip(folder: Path, rng: random.Random) -> None:
    """Flip one bit of the tensors."""
    path = folder / "tensors.safetensors"
    raw = bytearray(path.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(raw))


def test_an_interrupted_save_leaves_the_earlier_checkpoint(tmp_path, monkeypatch):
    """If the disk is full during a save, earlier checkpoints are unchanged."""
    store = CheckpointStore(tmp_path / "checkpoint")
    saved(store, 1)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", raise_no_space)
        with pytest.raises(OSError, match="No space"):
            saved(store, 2)
    newest = store.load_newest()
    assert newest is not None
    assert newest.state.cycle == 1
    saved(store, 3)
    assert [each.name for each in sorted((tmp_path / "checkpoint").iterdir())] == [
        "000001", "000002",
    ]  # fmt: skip
