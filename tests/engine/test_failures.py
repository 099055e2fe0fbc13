"""Early ends of a run: divergence, full memory, a lost GPU, a full disk, a model too dense."""

import os
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import condensa
import pytest
import torch
from torch import nn

from medtui.datasets.dataset import Dataset
from medtui.engine.lc.compression import compress
from medtui.engine.pruning.density_check import check_density
from medtui.engine.pruning.model_size import layer_densities
from medtui.engine.pruning.operations import TooDense
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.run.out_of_memory import Batch, OutOfMemory, run_or_explain
from medtui.engine.run.pipeline import execute
from medtui.engine.run.session import MAX_LOSS, Diverged, Session
from medtui.engine.run.stopping import StopFlag, StopRequested
from medtui.engine.training.trainer import TrainingPlan, train
from medtui.errors import EnvironmentProblem
from medtui.events import RunStarted
from medtui.preset import Cell, GuardSettings, Preset, expand_grid, named_schemes
from medtui.runs.folder import StudyFolder
from medtui.runs.log.writer import EventWriter
from medtui.worker import explain_sharing, failure_event
from tests.helpers.tiny_sessions import (
    CutAfter,
    open_session,
    tiny_network,
    tiny_preset,
)

OUT_OF_MEMORY = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.11 GiB of "
    "which 1.20 GiB is free. Including non-PyTorch memory, this process has 70.10 GiB memory in "
    "use. Of the allocated memory 69.00 GiB is allocated by PyTorch, and 512.00 MiB is reserved."
)


@contextmanager
def session_on(
    folder: Path, preset: Preset, dataset: Dataset, *, is_reference: bool = False
) -> Iterator[Session]:
    """Open a session that is not stopped."""
    session = open_session(folder, preset, dataset, StopFlag(), is_reference=is_reference)
    with session.log:
        yield session


def failing_criterion(session: Session, at: int, fail: Callable[[], object]) -> None:
    """Replace the session's loss in training step number `at`."""
    whole, steps = session.criterion, 0

    def criterion(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        nonlocal steps
        loss = whole(logits, labels)
        if loss.requires_grad:
            steps += 1
            if steps == at:
                return loss * fail()
        return loss

    session.criterion = criterion


def refuse(error: Exception) -> Callable[[], object]:
    """Return a function that raises."""

    def fail() -> object:
        raise error

    return fail


@pytest.mark.parametrize(("factor", "told"), [(float("nan"), "nan"), (MAX_LOSS * 10, r"e\+04")])
def test_a_diverged_compression_keeps_its_best_theta(tmp_path, dataset, factor, told):
    """The error names the step and the saved model."""
    with session_on(tmp_path, tiny_preset(), dataset) as session:
        failing_criterion(session, 9, lambda: factor)
        with pytest.raises(Diverged, match=rf"{told}.* at cycle 2, step 2\. .*cycle \d\) was sav"):
            compress(session, tiny_network())
        best = session.log.history.best_of("compress")
        densities = [cycle.densities for cycle in session.log.history.cycles_of("compress")]
        weights = condensa_share(session.folder.model)
    assert weights == pytest.approx(0.3, abs=0.01)
    assert len(densities) == 2
    assert best is not None


def condensa_share(path: Path) -> float:
    """Return the share of compressible weights of a tiny network's file that are not zero."""
    import safetensors.torch

    state = safetensors.torch.load_file(path)
    weights = [each for name, each in state.items() if name.endswith("weight") and each.dim() > 1]
    return sum(int((each != 0).sum()) for each in weights) / sum(each.numel() for each in weights)


def test_a_diverged_reference_keeps_its_best_epoch(tmp_path, dataset):
    """The error names the saved epoch; before the first epoch nothing is saved."""
    plan = TrainingPlan("reference", 3, 16, 0.05, 0.9, 1e-4)
    for at, told in ((1, "No trained model"), (5, r"epoch 1\) was saved")):
        folder = tmp_path / str(at)
        with session_on(folder, tiny_preset(), dataset, is_reference=True) as session:
            failing_criterion(session, at, lambda: float("nan"))
            with pytest.raises(Diverged, match=told):
                train(session, tiny_network(), plan)
            assert session.folder.model.exists() == (at == 5)


def test_a_dense_model_is_not_saved_as_compressed(tmp_path, dataset):
    """Stock L-C returns the dense model if no loss is finite; here it is an error."""
    network = tiny_network()
    with torch.no_grad():
        network[3].weight.mul_(1e6)  # overflows in half precision
    preset = tiny_preset("Quantize16")
    direct = preset.model_copy(update={"lc": preset.lc.model_copy(update={"cycles": 1})})
    with session_on(tmp_path, direct, dataset) as session:
        with pytest.raises(Diverged, match="No compressed model was saved"):
            compress(session, network)
        assert not session.folder.model.exists()
        stock = stock_theta(session)
    assert all(density == 1 for density in layer_densities(stock).values())


def stock_theta(session: Session) -> nn.Module:
    """Return what stock Condensa returns for Prune 0.1 when every loss is NaN."""
    engine = condensa.opt.LC(
        steps=2, lr=0.05, mb_iterations_per_l=1, mb_iterations_first_l=1, mu_init=0.1,
        l_optimizer_params={"momentum": 0.9, "weight_decay": 0.0},
        debugging_flags={"custom_model_statistics": lambda *_: (float("nan"), {})},
    )  # fmt: skip
    batches = list(session.train_batches(16))
    theta: nn.Module = condensa.Compressor(
        engine, condensa.schemes.Prune(0.1), tiny_network(), batches, batches, batches,
        session.criterion,
    ).run()  # fmt: skip
    return theta


@pytest.mark.parametrize("guard", [None, GuardSettings(floor_channels=1, protect=())])
@pytest.mark.parametrize(
    "name", ["Prune", "PruneQuantize16", "FilterPrune", "NeuronPrune", "StructPrune", "BlockPrune"]
)
def test_a_model_denser_than_asked_is_an_error(name, guard):
    """A projected model passes the density check; the dense model does not."""
    cell = Cell(named_schemes()[name], 0.3, 0)
    network = deepcopy(wide_network())
    scheme = build_scheme(cell.scheme, cell.density, guard)
    with pytest.raises(TooDense, match=r"at density 0\.3 may keep|not float16"):
        check_density(network, cell, scheme)
    scheme.pi(network)
    check_density(network, cell, scheme)


def wide_network() -> nn.Module:
    """Return layers wide enough that some more structures exceed the tolerance."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 3), nn.Conv2d(64, 64, 3), nn.Linear(64, 64), nn.Linear(64, 64)
    )


def test_a_lost_type_is_an_error():
    """Float32 weights fail the check of Quantize16."""
    cell = Cell(named_schemes()["Quantize16"], None, 0)
    with pytest.raises(TooDense, match=r"weights of 0 are torch\.float32, not float16"):
        check_density(wide_network(), cell, build_scheme(cell.scheme, None, None))


def test_full_memory_is_told_with_what_would_fit(tmp_path, dataset, monkeypatch):
    """The error names needed, free and held memory and a fitting batch size, which is not set."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "none")
    error = torch.OutOfMemoryError(OUT_OF_MEMORY)
    with session_on(tmp_path, tiny_preset(), dataset) as session:
        failing_criterion(session, 9, refuse(error))
        with pytest.raises(OutOfMemory) as caught:
            compress(session, tiny_network())
        assert session.preset.lc.batch_size == 16
    failure = failure_event(caught.value)
    assert failure.is_resumable
    assert failure.message == (
        "The GPU's memory is full: 2.5 GiB more were needed, 1.2 GiB of 79.1 GiB were free, "
        "this run held 70.1 GiB."
    )
    assert "start a new study with lc.batch_size = 8, which fits" in failure.hint


@pytest.mark.parametrize(
    ("largest", "told"), [(100, "= 64, w"), (1, "= 1, w"), (0, "Not even one")]
)
def test_the_batch_that_fits_is_found_by_halving(largest, told):
    """A request beyond any address space makes this machine's memory run out."""

    def compute(size: int) -> None:
        if size > largest:
            torch.empty(1 << 60, dtype=torch.uint8)

    with pytest.raises(OutOfMemory, match=r"Memory is full: .* TiB more") as caught:
        run_or_explain(lambda: compute(1024), Batch("evaluate.batch_size", 1024, compute))
    assert told in caught.value.hint


def test_other_errors_are_not_out_of_memory():
    """An error of shapes is raised unchanged."""
    with pytest.raises(RuntimeError, match="shape"):
        run_or_explain(
            lambda: torch.ones(2) @ torch.ones(3, 3), Batch("x", 2, refuse(ValueError()))
        )


def test_a_lost_gpu_fails_the_run_and_it_can_be_resumed(tmp_path, dataset):
    """A CUDA error ends the process; the resumed run has the results of an uninterrupted one."""
    preset = tiny_preset()
    with session_on(tmp_path / "whole", preset, dataset) as session:
        whole, _ = compress(session, tiny_network())
    lost = RuntimeError("CUDA error: unspecified launch failure\nCompile with ...")
    with session_on(tmp_path / "cut", preset, dataset) as session:
        failing_criterion(session, 9, refuse(lost))
        with pytest.raises(RuntimeError, match="unspecified") as caught:
            compress(session, tiny_network())
    failure = failure_event(caught.value)
    assert failure.message == "The GPU failed: CUDA error: unspecified launch failure"
    assert failure.is_resumable
    with session_on(tmp_path / "cut", preset, dataset) as session:
        resumed, _ = compress(session, tiny_network())
    assert_equal_weights(resumed, whole)


def test_a_full_disk_costs_no_checkpoint(tmp_path, dataset):
    """A full disk ends the run; resumed from its last checkpoint it has the same results."""
    preset = tiny_preset()
    with session_on(tmp_path / "whole", preset, dataset) as session:
        whole, _ = compress(session, tiny_network())
    folder = tmp_path / "cut"
    for error, limit in ((StopRequested, resource.RLIM_INFINITY), (OSError, 20_000)):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        session = open_session(folder, preset, dataset, CutAfter(looks=6))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with session.log, pytest.raises(error) as caught:
                compress(session, tiny_network())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    failure = failure_event(caught.value)
    assert re.fullmatch(
        r"The disk is full: .*/checkpoint/\.\d+\.part/tensors\.safetensors needs .* KiB, and .* "
        r"are free\.",
        failure.message,
    )
    assert failure.is_resumable
    with session_on(folder, preset, dataset) as session:
        assert session.restored is not None
        assert session.checkpoints.damaged == []
        resumed, _ = compress(session, tiny_network())
    assert_equal_weights(resumed, whole)


def assert_equal_weights(left: nn.Module, right: nn.Module) -> None:
    """Compare bit for bit."""
    for (name, mine), theirs in zip(
        left.state_dict().items(), right.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name


def test_what_can_be_resumed_is_told_from_what_cannot():
    """Environment problems are resumable; a wrong preset and a diverged loss are not."""
    assert not failure_event(Diverged("The loss became nan.")).is_resumable
    assert failure_event(OSError(28, os.strerror(28), "events.jsonl")).message == (
        "The disk is full: events.jsonl."
    )


@pytest.mark.parametrize(
    ("num_sharing", "device", "is_named"),
    [(4, "cuda:0", True), (1, "cuda:0", False), (4, "cpu", False)],
)
def test_full_memory_of_a_shared_gpu_names_runs_per_gpu(tmp_path, num_sharing, device, is_named):
    """It is the cure that changes no result; a run that has the GPU for itself has another."""
    preset = tiny_preset()
    machine = preset.machine.model_copy(update={"runs_per_gpu": num_sharing})
    failure = failure_event(torch.OutOfMemoryError(OUT_OF_MEMORY))
    run = StudyFolder(tmp_path / "study").reference
    shared = preset.model_copy(update={"machine": machine})
    hint = explain_sharing(failure, shared, run, device).hint
    assert hint.endswith("Free memory and resume.")
    assert ("4 runs share a GPU: lower machine.runs_per_gpu in" in hint) is is_named


def test_a_reference_of_other_images_is_refused(tmp_path):
    """A compression needs the data that its reference was trained on."""
    preset = tiny_preset()
    study = StudyFolder(tmp_path / "study")
    run = study.run(expand_grid(preset)[0].slug)
    for folder in (study.reference, run):
        folder.path.mkdir(parents=True)
    study.reference.provenance.write_text('{"data_digest": "of other images"}')
    started = RunStarted(1, "host", "cpu", threads=1)
    with (
        EventWriter(run.events) as log,
        pytest.raises(EnvironmentProblem, match="different images"),
    ):
        execute(run, preset, log, StopFlag(), started)
