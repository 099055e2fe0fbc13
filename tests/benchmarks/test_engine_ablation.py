"""The engine ablation: all variants do equal work, and exact ones have equal bits."""

import pytest
import torch
from msgspec.structs import replace

from benchmarks.engine_ablation.__main__ import _parser, benchmark, plan_from
from benchmarks.engine_ablation.images import read_part, write_images
from benchmarks.engine_ablation.report import AblationPlan, AblationReport, Unsteady
from benchmarks.engine_ablation.runner import Measurements, UnequalWork, _check
from benchmarks.engine_ablation.variants import VARIANTS
from benchmarks.engine_ablation.workload import ImageCounts, Workload
from medtui.errors import UsageError

PLAN = AblationPlan(
    architecture="shufflenet_v2_x0_5", rounds=1, cycles=3, steps=2, batch_size=8, num_train=16,
    device="cpu", threads=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> AblationReport:
    """The report of one round of every variant on the demo data."""
    found = benchmark(PLAN, tmp_path_factory.mktemp("ablation"))
    torch.use_deterministic_algorithms(mode=False)
    return found


def test_every_variant_does_the_same_updates(report):
    """Every variant does four updates of eight images each."""
    assert [variant.name for variant in report.variants] == [
        "A1",
        "A2",
        "A3",
        "B0",
        "B1",
        "B2",
        "B3",
    ]
    assert {(variant.num_updates, variant.num_trained) for variant in report.variants} == {(4, 32)}
    assert all(
        len(variant.wall_seconds) == len(variant.cpu_seconds) == 2 for variant in report.variants
    )


def test_evaluations_are_the_same_where_it_says_so(report):
    """Stock evaluates w, then theta in each cycle, on three splits of 16, 2 and 2 images."""
    evaluated = {variant.name: variant.num_evaluated for variant in report.variants}
    assert {evaluated[name] for name in ("A1", "A2", "A3", "B0", "B1")} == {4 * 20}
    assert evaluated["B2"] == 4 * 4
    assert evaluated["B3"] == 4 * 2 + 3 * 2  # test is left out in cycle 1


def test_exact_variants_end_with_the_same_bits(report):
    """With the same batches, exact variants have equal weights."""
    digests = {variant.name: variant.digest for variant in report.variants}
    assert digests["A3"] == digests["B0"] == digests["B1"] == digests["B2"]
    assert digests["A2"] != digests["A3"]  # which was given other batches


def test_an_unsteady_measurement_is_not_printed(report):
    """A2 against itself may differ by a tenth."""
    for ratio, is_steady in ((1.0, True), (1.09, True), (1.12, False), (0.85, False)):
        times = [
            replace(each, cpu_seconds=[ratio, 1.0]) if each.name == "A2" else each
            for each in report.variants
        ]
        changed = replace(report, variants=times)
        if is_steady:
            changed.require_control()
        else:
            with pytest.raises(Unsteady, match=rf"A2 against itself is {ratio:.2f}"):
                changed.require_control()


def test_fast_mode_on_several_threads_is_refused(tmp_path):
    """Its times would say more about the machine's load than about fast mode."""
    with pytest.raises(UsageError, match="B3 computes on one thread"):
        benchmark(replace(PLAN, threads=2), tmp_path)


def test_a_report_names_its_conditions(report):
    """The report has the measured peak rates and the conditions."""
    assert report.gflops > 0
    assert all(0 < report.share_of_peak(variant) < 1 for variant in report.variants)
    assert report.train_mflop > 2 * report.evaluation_mflop
    assert {"device", "threads", "OMP_WAIT_POLICY", "torch", "load before"} <= set(
        report.conditions
    )
    assert report.control() is not None


def test_unequal_work_is_refused(tmp_path):
    """Variants that trained or evaluated less, or have other bits, are not compared."""
    work = Workload(PLAN, write_images(PLAN, tmp_path), torch.device("cpu"))
    variants = [variant for variant in VARIANTS if variant.name in {"A3", "B1"}]
    same = Measurements(
        image_counts={variant.name: ImageCounts(32, 80) for variant in variants},
        digests={"A3": "1", "B1": "1"},
    )
    _check(variants, work, same)
    for change in (
        {"image_counts": same.image_counts | {"B1": ImageCounts(24, 80)}},
        {"image_counts": same.image_counts | {"B1": ImageCounts(32, 60)}},
        {"digests": {"A3": "1", "B1": "2"}},
    ):
        with pytest.raises(UnequalWork):
            _check(variants, work, Measurements(**({
                "image_counts": same.image_counts, "digests": same.digests
            } | change)))  # fmt: skip


def test_the_two_trees_hold_the_same_images(tmp_path):
    """Names agree, splits are disjoint, resized copies have the network's size."""
    files = write_images(PLAN, tmp_path)
    names = {
        tree: sorted(path.relative_to(tree) for path in tree.rglob("*.png"))
        for tree in (files.original, files.resized)
    }
    assert names[files.original] == names[files.resized]
    parts = [read_part(files, split) for split in ("train", "val", "test")]
    assert [part.images_NHWC.shape for part in parts] == [(16, 32, 32, 3), *[(2, 32, 32, 3)] * 2]
    assert len({name for part in parts for name in part.names}) == 20


def test_too_few_images_are_an_error(tmp_path):
    """A plan with more images than the folder has is rejected at once."""
    with pytest.raises(UsageError, match="are needed"):
        write_images(replace(PLAN, num_train=10_000), tmp_path)


@pytest.mark.parametrize(("override", "named"), [("pace=3", "num_train"), ("steps=few", "steps")])
def test_a_wrong_key_or_value_is_a_usage_error(override, named):
    """The error names the known keys, or the key whose value is wrong."""
    with pytest.raises(UsageError, match=named):
        plan_from(_parser().parse_args(["--set", override]))
