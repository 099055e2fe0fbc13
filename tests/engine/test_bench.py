"""The benchmark's parts with tiny networks; no test asserts a duration."""

import shutil

import msgspec
import pytest
import safetensors.torch
import torch
from torch import nn

from medtui.engine.bench.__main__ import measure
from medtui.engine.bench.memory import peak_memory, would_fit
from medtui.engine.bench.runner import Benchmark, Candidate
from medtui.engine.bench.timing import measure_throughput, time_calls
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.pruning.structural_pruning import shrink
from medtui.engine.training.network import build_network, state_of
from medtui.preset import BenchSettings, GuardSettings, named_schemes
from medtui.runs.atomic_file import publish_bytes
from medtui.runs.bench_record import Spread, spread_of
from medtui.runs.folder import StudyFolder
from medtui.runs.result import read_result, write_result
from medtui.runs.shrunk_manifest import pack_manifest
from tests.helpers.paths import RECORDED

QUICK = BenchSettings(calls=20, rounds=3, max_batch=8, seconds=0.001)
CPU = torch.device("cpu")


def network(width: int = 4) -> nn.Module:
    """Return a small convolutional network."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, width, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 2),
    ).eval()


def images(count: int) -> torch.Tensor:
    """Return random images."""
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def race() -> Benchmark:
    """Three models are measured interleaved."""
    told: list[str] = []
    race = Benchmark(
        [Candidate(network(width)) for width in (4, 4, 64)], images, QUICK, told.append
    )
    race.time_latency()
    assert race.sweep() in {"throughput fell", "memory ended", "largest batch"}
    assert told[:3] == [f"latency, round {number} of 3" for number in (1, 2, 3)]
    return race


def test_every_model_has_as_many_calls_and_the_same_batches(race):
    """All models have the same number of calls and the same batch sizes."""
    sizes = [[point.batch_size for point in each.sweep] for each in race.candidates]
    assert sizes[0] == sizes[1] == sizes[2]
    assert sizes[0] == [2**power for power in range(len(sizes[0]))]
    assert {each.latency.num_calls for each in race.candidates} == {21}
    for each in race.candidates:
        assert 0 < each.latency.p50_ms <= each.latency.p95_ms <= each.latency.p99_ms
        assert all(point.images_per_second.median > 0 for point in each.sweep)


def test_the_reference_beside_itself_is_one(race):
    """Ratios are of the same rounds, so that drift cancels out."""
    reference, twin, _ = race.candidates
    assert race.latency_ratio(reference) == race.throughput_ratio(reference) == Spread(1, 1, 1)
    ratio = race.latency_ratio(twin)
    assert ratio.low <= ratio.median <= ratio.high


def test_models_take_turns_in_another_order_each_round(race):
    """Each round starts with another model."""
    firsts = [race.candidates.index(race._in_turn(number)[0]) for number in range(4)]
    assert firsts == [0, 1, 2, 0]


def test_a_batch_that_does_not_fit_ends_the_sweep():
    """A batch that does not fit is not timed; smaller ones are kept."""

    class Full(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            if len(batch) > 2:
                raise torch.OutOfMemoryError("no memory left")
            return self.inner(batch)

    race = Benchmark([Candidate(network()), Candidate(Full())], images, QUICK, lambda _: None)
    assert race.sweep() in {"memory ended", "throughput fell"}
    sizes = [[point.batch_size for point in each.sweep] for each in race.candidates]
    assert sizes[0] == sizes[1]
    assert sizes[0][-1] <= 2


def test_peak_memory_is_weights_and_activations():
    """Peak memory is the first convolution's output and the ReLU's input, to the byte."""
    model = network(64)
    weights = sum(each.numel() * 4 for each in model.parameters())
    activation = 64 * 14 * 14 * 4
    small, large = peak_memory(model, images(1)), peak_memory(model, images(8))
    assert small is not None
    assert large is not None
    assert small >= weights + 2 * activation
    assert large >= weights + 8 * 2 * activation
    assert not would_fit(10**15, CPU)
    assert would_fit(1, CPU)


def test_timing_changes_no_model():
    """Measuring changes no gradients, BatchNorm statistics or thread counts."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    threads = torch.get_num_threads()
    assert len(time_calls(model, images(1), 5)) == 5
    assert measure_throughput(model, images(2), 0.001) > 0
    assert torch.get_num_threads() == threads
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_quartiles_are_those_of_the_rounds():
    """A spread has the median and the first and third quartile."""
    assert spread_of([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(3.0, 2.0, 4.0)
    assert spread_of([2.0]) == Spread(2.0, 2.0, 2.0)


@pytest.mark.gpu
def test_a_gpu_is_timed_by_its_own_clock():
    """CUDA events give a duration for each call."""
    model, batch = network().cuda(), images(1).cuda()
    assert all(duration > 0 for duration in time_calls(model, batch, 10))
    assert (peak_memory(model, batch) or 0) > 0


def test_a_shrunk_model_takes_its_turns_and_stands_within_its_run(tmp_path):
    """Reference, masked and shrunk model are measured in one process."""
    study = StudyFolder(tmp_path / "study")
    shutil.copytree(RECORDED / "cells", study.path)
    run, shape = study.run("filterprune50"), (3, 32, 32)
    for each in (study.reference, run):
        result = msgspec.structs.replace(read_result(each), image_shape=shape)
        write_result(each, result)
    dense = build_network("resnet18", channels=3, num_classes=2, seed=0)
    publish_bytes(study.reference.model, safetensors.torch.save(state_of(dense)))
    scheme = named_schemes()["FilterPruneGroup"]
    build_scheme(scheme, 0.25, GuardSettings(), shape).pi(dense)
    publish_bytes(run.model, safetensors.torch.save(state_of(dense)))
    shrunk = shrink(dense, shape)
    publish_bytes(run.shrunk, safetensors.torch.save(state_of(shrunk.network)))
    manifest = shrunk.manifest("resnet18", channels=3, num_classes=2)
    publish_bytes(run.shrunk_manifest, pack_manifest(manifest))
    once = BenchSettings(calls=20, rounds=3, max_batch=1, seconds=0.001)
    reference, masked = measure([study.reference, run], CPU, once, lambda _: None)
    assert reference.shrunk is None
    assert masked.shrunk is not None
    assert masked.shrunk.macs < 0.15 * masked.macs
    assert masked.shrunk.bytes_on_disk == run.shrunk.stat().st_size
    assert masked.shrunk.contest("float32").latency.num_calls == 21
    assert any("only the shrunk model" in note for note in masked.notes)
    assert not any("only the shrunk model" in note for note in masked.shrunk.notes)
