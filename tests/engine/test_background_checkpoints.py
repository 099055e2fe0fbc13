"""Checkpoints that a thread writes: the same files, the same safety, and copies of the moment."""

import threading
import time
from pathlib import Path

import pytest
import torch

from medtui.engine.lc import compression
from medtui.engine.lc.compression import compress
from medtui.engine.run.background_checkpoints import BackgroundCheckpoints, TensorCopier
from medtui.engine.run.checkpoint import CheckpointStore, SavedState
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training import trainer
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.events import CheckpointWritten
from medtui.runs.checkpoint_files import checkpoint_numbers
from medtui.runs.log.reader import EventTail
from tests.helpers.devices import DEVICES
from tests.helpers.full_disk import raise_no_space
from tests.helpers.tiny_sessions import (
    CutAfter,
    open_session,
    tiny_dataset,
    tiny_network,
    tiny_preset,
)


class Held(BackgroundCheckpoints):
    """A store whose thread waits for `go` before it writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go = threading.Event()

    def write(self, state, tensors):
        """Wait, then write."""
        assert self.go.wait(20)
        return super().write(state, tensors)


def state_of(cycle: int, losses: list[float]) -> SavedState:
    """Return a state with a list that training goes on to fill."""
    return SavedState("compress", cycle, 0, {"val_losses": losses}, {})


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("device", DEVICES)
def test_a_thread_writes_what_there_was_when_it_was_asked(tmp_path, device) -> None:
    """Byte for byte what is written at once, whatever training changes in the meantime."""
    weight, losses, noted = torch.arange(6.0, device=device).view(2, 3), [0.5], []
    at_once = CheckpointStore(tmp_path / "at-once")
    at_once.submit(state_of(1, losses), {"w": weight}, lambda *_: None)
    later = Held(tmp_path / "later")
    later.submit(state_of(1, losses), {"w": weight}, lambda *each: noted.append(each))
    weight.zero_()
    losses.append(0.4)
    assert not later.is_due
    assert not noted
    later.go.set()
    later.wait()
    assert files_of(later.folder) == files_of(at_once.folder)
    ((num_bytes, _),) = noted
    assert num_bytes == sum(map(len, files_of(later.folder).values()))


def test_a_second_checkpoint_waits_for_the_first(tmp_path) -> None:
    """The newest two are there in the end, each noted once and in order."""
    store, noted = BackgroundCheckpoints(tmp_path / "checkpoint"), []
    for cycle in range(4):
        tensors = {"w": torch.full((3,), float(cycle))}
        store.submit(state_of(cycle, []), tensors, lambda *_, cycle=cycle: noted.append(cycle))
    store.wait()
    assert noted == [0, 1, 2, 3]
    assert checkpoint_numbers(store.folder) == [3, 4]
    newest = CheckpointStore(store.folder).load_newest()
    assert newest is not None
    assert newest.state.cycle == 3
    assert newest.tensors["w"].tolist() == [3.0] * 3
    store.clear()
    assert not store.folder.exists()


def test_a_full_disk_is_reported_by_the_next_call(tmp_path, monkeypatch) -> None:
    """The checkpoint before stays, and the failed one is not noted."""
    store, noted = BackgroundCheckpoints(tmp_path / "checkpoint"), []
    store.submit(state_of(1, []), {"w": torch.ones(3)}, lambda *_: noted.append(1))
    store.wait()
    monkeypatch.setattr("medtui.engine.run.checkpoint._write_synced", raise_no_space)
    store.submit(state_of(2, []), {"w": torch.ones(3)}, lambda *_: noted.append(2))
    with pytest.raises(OSError, match="space"):
        store.wait()
    monkeypatch.undo()
    assert noted == [1]
    assert checkpoint_numbers(store.folder) == [1]
    assert list(store.folder.glob(".*")) == []
    store.submit(state_of(3, []), {"w": torch.ones(3)}, lambda *_: noted.append(3))
    store.wait()
    assert noted == [1, 3]


@pytest.mark.gpu
def test_pinned_memory_is_used_again() -> None:
    """Two snapshots of one tensor lie in the same memory; one of another shape does not."""
    copier, weight = TensorCopier(), torch.ones(1000, device="cuda")
    first = copier.copy({"w": weight})()["w"]
    weight.mul_(2)
    second = copier.copy({"w": weight})()["w"]
    assert first.data_ptr() == second.data_ptr()
    assert second.is_pinned()
    assert second.tolist() == [2.0] * 1000
    assert copier.copy({"w": weight[:10]})()["w"].shape == (10,)


class Slow(BackgroundCheckpoints):
    """A store that takes every chance to save, and whose thread writes late."""

    @property
    def is_due(self) -> bool:
        """Whether no checkpoint is being written."""
        return super().is_due or self._pending is None

    def write(self, state, tensors):
        """Write once training has gone on."""
        time.sleep(0.02)
        return super().write(state, tensors)


@pytest.mark.parametrize("is_reference", [False, True])
def test_a_run_that_stops_while_a_thread_writes_resumes_with_the_same_bits(
    tmp_path, monkeypatch, is_reference
) -> None:
    """A stop waits for its checkpoint; every event of one is in the log, in order."""
    monkeypatch.setattr(compression, "_MID_CYCLE_STEPS", 1)
    monkeypatch.setattr(trainer, "_MID_EPOCH_STEPS", 1)
    preset = tiny_preset("Prune", "on")
    dataset = tiny_dataset(preset)

    def work(folder: Path, stop: StopFlag) -> dict[str, torch.Tensor]:
        session = open_session(folder, preset, dataset, stop, is_reference=is_reference)
        session.checkpoints = Slow(session.folder.checkpoint)
        with session.log:
            if is_reference:
                plan = TrainingPlan("reference", 3, 16, 0.05, 0.9, 1e-4)
                model, _ = train(session, tiny_network(), plan)
            else:
                model, _ = compress(session, tiny_network())
            session.checkpoints.wait()
        return model.state_dict()

    whole = work(tmp_path / "whole", StopFlag())
    for looks in (2, 3):
        with pytest.raises(StopRequested):
            work(tmp_path / "cut", CutAfter(looks=looks))
    cut = work(tmp_path / "cut", StopFlag())
    assert all(torch.equal(cut[name], each) for name, each in whole.items())
    events = [each.event for each in EventTail(tmp_path / "cut" / "events.jsonl").read_all()]
    steps = [(each.cycle, each.step) for each in events if isinstance(each, CheckpointWritten)]
    assert steps == sorted(steps)
    assert len(steps) > 4
