"""The duration of a study, computed from measured steps."""

from dataclasses import replace

import pytest

from medtui.engine.timing.measured_times import ImageCounts, ShrunkTimes, WorkTimes
from medtui.engine.timing.study_time import (
    benchmark_time,
    grid_time,
    num_evaluations,
    reference_time,
    references_time,
    rounds_time,
    run_time,
    search_time,
    total,
)
from medtui.preset import Preset, expand_grid, parse_preset

COUNTS = ImageCounts(train=1000, val=100, test=200)

PRESET = """
name = "timed"
[data]
card = "demo"
[reference]
epochs = 4
batch_size = 64
[compress]
schemes = ["Prune"]
[lc]
cycles = 5
steps = 10
batch_size = 100
[guard]
recalibrate_images = 500
[evaluate]
test_every = 3
"""


def preset(more: str = "", *changes: tuple[str, str]) -> Preset:
    """Return the preset with changes."""
    text = PRESET + more
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_preset(text, "timed")


def stages(asked: Preset, times: WorkTimes, cycle_seconds: float = 0.0) -> dict[str, float]:
    """Return a run's seconds by stage."""
    found = run_time(asked, COUNTS, times, num_cycles=asked.lc.cycles, cycle_seconds=cycle_seconds)
    return {each.stage: each.seconds for each in found}


@pytest.mark.parametrize(
    ("rounds", "every", "count"), [(0, 3, 0), (1, 3, 1), (5, 3, 3), (4, 3, 2), (6, 1, 6), (5, 9, 2)]
)
def test_test_is_evaluated_first_every_so_many_and_last(rounds, every, count):
    """Every third of five cycles: 0, 3 and the last."""
    assert num_evaluations(rounds, every) == count
    counted = [at for at in range(rounds) if at % every == 0 or at == rounds - 1]
    assert len(counted) == count


def test_a_reference_has_steps_evaluations_start_and_bootstrap():
    """An epoch has 15 full batches; val is evaluated in each, test in the first and the last."""
    times = WorkTimes(start=3, reference_step=1, reference_image=0.01, bootstrap=5)
    found = {each.stage: each.seconds for each in reference_time(preset(), COUNTS, times)}
    assert found == {
        "start": 3, "reference": pytest.approx(4 * 15 + 4 + 2 * 2), "evaluate": 3 + 5,
    }  # fmt: skip


def test_a_given_reference_is_not_trained():
    """Given weights are loaded and evaluated only."""
    asked = preset("[model]\nweights = 'w.safetensors'\n")
    times = WorkTimes(start=3, reference_step=1, reference_image=0.01, bootstrap=5)
    assert total(reference_time(asked, COUNTS, times)) == 3 + 3 + 5


def test_cycle_0_has_no_step_and_every_cycle_a_c_step():
    """Four L steps have ten minibatches each; the first may have its own number."""
    assert stages(preset(), WorkTimes(lc_step=1))["compress"] == 40
    longer = preset("", ("steps = 10", "steps = 10\nfirst_steps = 25"))
    assert stages(longer, WorkTimes(lc_step=1))["compress"] == 25 + 30
    direct = preset("", ("cycles = 5", "cycles = 1"))
    assert stages(direct, WorkTimes(lc_step=1))["compress"] == 0
    assert stages(preset(), WorkTimes(), cycle_seconds=2)["compress"] == 10


def test_every_cycle_evaluates_w_and_theta_and_recalibrates():
    """Val is evaluated twice a cycle, test three times in all, train only if enabled."""
    assert stages(preset(), WorkTimes(image=1))["compress"] == 5 * 200 + 3 * 200
    asked = preset("", ("test_every = 3", "test_every = 3\ntrain_split = true"))
    assert stages(asked, WorkTimes(image=1))["compress"] == 5 * 200 + 3 * 200 + 5 * 1000
    assert stages(preset(), WorkTimes(recalibrated_image=1))["compress"] == 6 * 500
    off = preset("", ('schemes = ["Prune"]', 'schemes = ["Prune"]\nguard = "off"'))
    assert stages(off, WorkTimes(recalibrated_image=1))["compress"] == 0


def test_w_is_evaluated_as_often_as_the_preset_says():
    """In cycle 0, every second and the last."""
    asked = preset("", ("test_every = 3", "test_every = 3\nw_every = 2"))
    assert stages(asked, WorkTimes(image=1))["compress"] == (3 + 5) * 100 + 3 * 200


def test_the_result_is_evaluated_in_float32():
    """Which in fast mode takes longer than the evaluations before."""
    assert stages(preset(), WorkTimes(image=1))["evaluate"] == 300
    assert stages(preset(), WorkTimes(image=1, result_image=2.0))["evaluate"] == 600
    found = reference_time(preset(), COUNTS, WorkTimes(reference_image=1, result_image=2.0))
    assert found[-1].seconds == 600


def test_references_of_fast_mode_share_the_cores():
    """The first of three runs alone; the other two take as long as one beside another."""
    asked = preset("", ("[reference]", "[reference]\nseeds = [0, 1, 2]"))
    times = WorkTimes(bootstrap=10, side_by_side=1.5)
    assert references_time(asked, COUNTS, times, 2, num_alone=3) == 30
    assert references_time(asked, COUNTS, times, 2, num_alone=1) == 10 + 15
    assert references_time(asked, COUNTS, times, 2, num_alone=0) == 15 + 10


def test_fine_tuning_is_a_stage_of_its_own():
    """Fine-tuning has steps, evaluations and one more recalibration; none without epochs."""
    times = WorkTimes(finetune_step=1, image=0.1, recalibrated_image=0.01)
    assert stages(preset(), times)["finetune"] == 0
    asked = preset("", ("[guard]", "[guard]\nfinetune_epochs = 3"))
    found = stages(asked, times)["finetune"]
    assert found == pytest.approx(3 * 10 + (3 * 100 + 2 * 200) * 0.1 + 5)


def test_a_structured_scheme_fine_tunes_a_smaller_network():
    """Steps and evaluations are those measured at its density, or between two measured ones."""
    shrunk = [ShrunkTimes(0.1, step=1, image=0.1), ShrunkTimes(0.5, step=5, image=0.5)]
    times = WorkTimes(finetune_step=9, image=0.9, shrunk={"FilterPrune": shrunk})
    asked = preset(
        "",
        ('schemes = ["Prune"]', 'schemes = ["Prune", "FilterPrune"]\ndensities = [0.1, 0.3, 0.5]'),
        ("[guard]", "[guard]\nfinetune_epochs = 3"),
    )
    found = {
        cell.slug: stages(asked, times.of_cell(cell))["finetune"] for cell in expand_grid(asked)
    }
    num_images = 3 * 100 + 2 * 200
    expected = {"prune": (9, 9, 9), "filterprune": (1, 3, 5)}
    for scheme, steps in expected.items():
        for density, step in zip((0.1, 0.3, 0.5), steps, strict=True):
            seconds = 3 * 10 * step + num_images * step / 10
            assert found[f"{scheme}-{density}"] == pytest.approx(seconds)
    whole = replace(times, shrunk={})
    saved = grid_time(asked, COUNTS, whole, 1) - grid_time(asked, COUNTS, times, 1)
    assert saved == pytest.approx((30 + num_images / 10) * (8 + 6 + 4))


def test_other_runs_slow_down_every_stage():
    """Every stage slows down by the measured factor; start-up waits for a core, too."""
    times = WorkTimes(fork=3, lc_step=1, image=1)
    alone, beside = (
        run_time(preset(), COUNTS, times, num_cycles=5, cycle_seconds=1, factor=factor)
        for factor in (1.0, 1.5)
    )
    assert [each.seconds for each in beside] == [1.5 * each.seconds for each in alone]


def test_runs_are_done_in_rounds():
    """Two runs at once take longer each; a single remaining run does not."""
    assert rounds_time([10, 10, 10], [15, 15, 15], 2) == 15 + 10
    assert rounds_time([10, 20, 30, 30], [15, 30, 45, 45], 2) == 30 + 45
    assert rounds_time([10, 10], [15, 15], 1) == 20
    assert rounds_time([], [], 2) == 0


def test_a_grid_has_each_schemes_own_c_step():
    """With two slots, the third run has the machine to itself."""
    asked = preset("", ('schemes = ["Prune"]', 'schemes = ["Prune", "FilterPrune", "Quantize16"]'))
    cycle = {"Prune": 1.0, "FilterPrune": 2.0, "Quantize16": 4.0}
    times = WorkTimes(fork=1, cycle=cycle, side_by_side=1.5)
    assert grid_time(asked, COUNTS, times, 2) == 1.5 * (1 + 5 * 2.0) + (1 + 5 * 4.0)


SEARCH = """
[search]
scheme = ["Prune", "FilterPrune"]
budget = 6
probe_cycles = 2
finalists = 2
"""


def test_a_search_runs_probes_and_finalists_of_its_schemes_side_by_side():
    """Four low-fidelity runs have one L step and two full ones four, for two schemes at once."""
    times = WorkTimes(fork=1, lc_step=1, side_by_side=1.5)
    samples = 4 * (1 + 10) + 2 * (1 + 40)
    seconds = search_time(preset(SEARCH), COUNTS, times, 2, is_gpu=False)
    assert seconds == 1.5 * samples
    assert search_time(preset(SEARCH), COUNTS, times, 1, is_gpu=False) == 2 * samples
    assert search_time(preset(), COUNTS, times, 2, is_gpu=False) == 0


def test_a_search_has_each_schemes_own_c_step():
    """Four probes of two cycles and two samples of five; the longer scheme sets the time."""
    times = WorkTimes(cycle={"Prune": 1.0, "FilterPrune": 3.0})
    num_cycles = 4 * 2 + 2 * 5
    assert search_time(preset(SEARCH), COUNTS, times, 2, is_gpu=False) == 3 * num_cycles
    assert search_time(preset(SEARCH), COUNTS, times, 1, is_gpu=False) == 4 * num_cycles


def test_a_busy_machine_stretches_all_that_is_computed():
    """CPU seconds become elapsed ones; start-up and the factor were measured as they are."""
    shrunk = {"FilterPrune": [ShrunkTimes(0.5, 3.0, 4.0)]}
    times = WorkTimes(
        *range(1, 9), cycle={"Prune": 9.0}, bootstrap=10, side_by_side=1.5, shrunk=shrunk
    )
    assert times.stretched(2) == WorkTimes(
        1, *range(4, 17, 2), cycle={"Prune": 18.0}, bootstrap=20, side_by_side=1.5, stretch=2,
        shrunk={"FilterPrune": [ShrunkTimes(0.5, 6.0, 8.0)]},
    )  # fmt: skip


def test_a_search_includes_the_fine_tuning_of_its_samples():
    """Low-fidelity runs are fine-tuned, too."""
    asked = preset(SEARCH, ("[guard]", "[guard]\nfinetune_epochs = 1"))
    assert search_time(asked, COUNTS, WorkTimes(finetune_step=1), 2, is_gpu=False) == 6 * 10


def test_a_timed_objective_measures_each_round():
    """Start-up and calls of two samples and the reference are counted six times."""
    asked = preset(SEARCH + 'objective = "latency"\n')
    with_timing = search_time(asked, COUNTS, WorkTimes(start=7), 2, is_gpu=False)
    runs = search_time(preset(SEARCH), COUNTS, WorkTimes(start=7), 2, is_gpu=False)
    assert with_timing - runs == pytest.approx(
        6 * benchmark_time(asked, WorkTimes(start=7), 2, is_gpu=False)
    )


def test_a_benchmark_has_latency_sweep_and_memory():
    """Every model runs at every batch size; on a GPU in each precision, and at its best batch."""
    asked = preset(
        '[bench]\nprecisions = ["float32", "tf32"]\ncalls = 100\nrounds = 3\nmax_batch = 4\n'
        "seconds = 0.5\nsustain_seconds = 2\n"
    )
    times = WorkTimes(start=1, single_image=0.01, image=1)
    latency = 2 * 100 * 0.01
    sweep = 2 * 3 * (0.01 + 0.5 + 2 * 1.01 + 2 * 3.01)
    found = benchmark_time(asked, times, 1, is_gpu=False)
    assert found == pytest.approx(1 + latency + sweep)
    on_gpu = benchmark_time(asked, times, 1, is_gpu=True)
    assert on_gpu == pytest.approx(1 + 2 * (latency + sweep + 2 * 2))
    more = benchmark_time(asked, times, 1, is_gpu=False, num_shrunk=1)
    assert more == pytest.approx(1 + 1.5 * (latency + sweep))
