"""What the measurement of a study's work counts, on a clock of the test's own."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from medtui.datasets.summary import summarise_dataset
from medtui.engine.timing import cpu_share, stopwatch, timed_loop
from medtui.engine.timing.cpu_share import slowdown_beside
from medtui.engine.timing.noise_data import NoiseData
from medtui.engine.timing.stopwatch import MIN_REPEATS, Stopwatch
from medtui.engine.timing.timed_loop import TimedLoop
from medtui.engine.timing.work_times import WorkTimer
from medtui.engine.training import step as training_step
from medtui.engine.training.sgd import Sgd
from medtui.engine.training.trainer import TrainingPlan
from medtui.preset import expand_grid, parse_preset
from tests.engine.test_weight_pruning import Residual

CPU = torch.device("cpu")

PRESET = """
name = "timed"
[data]
card = "demo"
limit = 24
[compress]
schemes = ["Prune"]
guard = "off"
"""


class Clock:
    """Elapsed and CPU seconds that only the test moves."""

    def __init__(self) -> None:
        self.elapsed = self.counted = 0.0

    def spend(self, counted: float, elapsed: float) -> None:
        """Let so many seconds pass."""
        self.counted += counted
        self.elapsed += elapsed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the stopwatch reads."""
    made = Clock()
    found = SimpleNamespace(perf_counter=lambda: made.elapsed, process_time=lambda: made.counted)
    monkeypatch.setattr(stopwatch, "time", found)
    return made


def test_work_is_counted_in_cpu_seconds(clock):
    """A first time that is slow does not count, and neither does waiting for a core."""
    durations = iter([50.0, *[2.0] * 20])

    def work() -> None:
        seconds = next(durations)
        clock.spend(seconds, 3 * seconds)

    assert Stopwatch(CPU).seconds_of(work) == 2


def test_work_is_repeated_for_its_budget(clock):
    """Elapsed seconds count there, and no less than two repetitions."""
    watch, calls = Stopwatch(CPU), list[int]()

    def work() -> None:
        calls.append(1)
        clock.spend(0.1, 0.4)

    watch.seconds_of(work, budget=2)
    assert len(calls) == 1 + 5
    watch.seconds_of(work, budget=0)
    assert len(calls) == 1 + 5 + 1 + MIN_REPEATS


def test_the_stretch_is_that_of_all_work_together(clock):
    """A second of load beside one piece of work is shared by all of them."""
    watch = Stopwatch(CPU)
    assert watch.stretch == 1
    watch.seconds_of(lambda: clock.spend(1, 1), budget=4)
    watch.seconds_of(lambda: clock.spend(1, 5), budget=20)
    assert watch.stretch == (4 * 1 + 4 * 5) / 8


def test_a_cycle_is_measured_when_it_is_warm(clock, monkeypatch):
    """Tracing a network's channels, and cycle 0, take place once in a run."""
    preset = parse_preset(PRESET, "timed")
    durations = iter([100.0, 60.0])

    def project(_: nn.Module) -> None:
        seconds = next(durations, 0.5)
        clock.spend(seconds, seconds)

    scheme = SimpleNamespace(pi=project, delta=lambda _: clock.spend(0.25, 0.25))
    monkeypatch.setattr(timed_loop, "build_scheme", lambda *_, **__: scheme)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3, 2))
    loop = TimedLoop(
        preset, network, NoiseData(summarise_dataset(preset.data), CPU), Stopwatch(CPU)
    )
    marked_projected_restored = 0.5 + 0.5 + 0.25
    assert loop.cycle_seconds(expand_grid(preset)[0]) == marked_projected_restored


def test_a_training_step_has_the_optimiser_of_its_plan(monkeypatch):
    """Weight decay is a pass over all weights; fine-tuning has none."""
    asked = []

    class Noted(Sgd):
        def __init__(self, parameters: Any, **settings: Any) -> None:
            asked.append((settings["momentum"], settings["weight_decay"]))
            super().__init__(parameters, **settings)

    preset = parse_preset(PRESET + "[lc]\nmomentum = 0.7\n", "timed")
    monkeypatch.setattr(training_step, "Sgd", Noted)
    monkeypatch.setattr(Stopwatch, "seconds_of", lambda *_: 1.0)
    timer = WorkTimer(preset, summarise_dataset(preset.data), nn.Linear(3, 2), CPU)
    for plan in (TrainingPlan.of_reference(preset), TrainingPlan.of_finetuning(preset)):
        timer._training_step(plan, nn.Linear(3, 2))
    reference = preset.reference
    assert reference.weight_decay > 0
    assert asked == [(reference.momentum, reference.weight_decay), (0.7, 0.0)]


SHRUNK = """
schema = 2
name = "shrunk"
[data]
card = "demo"
limit = 24
[compress]
schemes = ["Prune", "FilterPrune", "FilterPruneGroup"]
densities = [0.9, 0.5, 0.3]
[guard]
finetune_epochs = 1
floor_channels = 1
protect = []
"""


def sizes_measured(monkeypatch: pytest.MonkeyPatch, *more: str) -> dict[str, list[float]]:
    """Return the share of the parameters that each fine-tuned network that is measured has."""
    preset = parse_preset(SHRUNK + "\n".join(more), "shrunk")
    network, sizes = Residual(), list[int]()
    timer = WorkTimer(preset, summarise_dataset(preset.data), network, CPU)

    def step(_plan: object, measured: nn.Module, **_: object) -> float:
        sizes.append(sum(each.numel() for each in measured.parameters()))
        return float(len(sizes))

    monkeypatch.setattr(timer, "_training_step", step)
    monkeypatch.setattr(timer, "_evaluation", lambda *_, **__: 0.5)
    whole = sum(each.numel() for each in network.parameters())
    found = timer._shrunk([])
    assert [each.step for times in found.values() for each in times] == [*range(1, len(sizes) + 1)]
    shares = iter(sizes)
    return {
        f"{name}-{each.density}": next(shares) / whole
        for name, times in found.items()
        for each in times
    }


def test_fine_tuning_is_measured_on_the_network_that_it_trains(monkeypatch):
    """Without empty filters: at the lowest and the highest density of each structured scheme."""
    found = sizes_measured(monkeypatch)
    assert set(found) == {
        f"{scheme}-{density}" for scheme in ("FilterPrune", "FilterPruneGroup")
        for density in (0.3, 0.9)
    }  # fmt: skip
    assert found["FilterPruneGroup-0.3"] < 0.5 < found["FilterPruneGroup-0.9"] < 1
    assert not sizes_measured(monkeypatch, 'finetune_network = "whole"')


def test_fine_tuning_is_measured_whole_where_a_batchnorm_shifts_empty_filters(monkeypatch):
    """Without the pull on BatchNorms, a trained network is not shrunk before fine-tuning."""
    found = sizes_measured(monkeypatch, 'batchnorm_pull = "group"')
    assert found["FilterPrune-0.3"] == 1
    assert found["FilterPruneGroup-0.3"] < 0.5


def test_one_run_at_a_time_is_slowed_down_by_none():
    """Nothing is measured."""
    preset = parse_preset(PRESET, "timed")
    noise = NoiseData(summarise_dataset(preset.data), CPU)
    loop = TimedLoop(preset, nn.Flatten(), noise, Stopwatch(CPU))
    assert loop.side_by_side(expand_grid(preset)[0], 1) == 1


def factor(monkeypatch: pytest.MonkeyPatch, computing: float, waiting: float) -> float:
    """Return the factor of two runs whose steps and waiting grow by so much."""
    preset = parse_preset(PRESET, "timed")
    loop = TimedLoop(
        preset, nn.Flatten(), NoiseData(summarise_dataset(preset.data), CPU), Stopwatch(CPU)
    )
    monkeypatch.setattr(loop, "_after_cycle_0", lambda _: None)
    monkeypatch.setattr(loop, "_together", lambda states: computing ** (len(states) - 1))
    monkeypatch.setattr(timed_loop, "slowdown_beside", lambda _: waiting)
    return loop.side_by_side(expand_grid(preset)[0], 2)


def test_runs_side_by_side_share_caches_and_cores(monkeypatch):
    """Both factors count; together they are never more than the number of runs."""
    assert factor(monkeypatch, 1.25, 1.2) == 1.5
    assert factor(monkeypatch, 0.9, 1.2) == 1.2
    assert factor(monkeypatch, 1.5, 1.8) == 2


def test_waiting_is_compared_with_a_process_alone(monkeypatch):
    """On a machine with free cores nothing is waited for."""
    stretches = {1: 2.0, 2: 3.0}
    monkeypatch.setattr(cpu_share, "_stretch_of", stretches.__getitem__)
    assert slowdown_beside(2) == 1.5
    stretches[2] = 1.9
    assert slowdown_beside(2) == 1


def test_a_busy_process_says_what_it_waits():
    """It never computes longer than time passes."""
    assert cpu_share._stretch_of(2) >= 0.99
