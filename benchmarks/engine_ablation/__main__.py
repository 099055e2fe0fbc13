"""Command line of the ablation: progress on stderr, the report on stdout."""

import argparse
import os
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from statistics import median

import msgspec
import torch
import torchvision

from benchmarks.engine_ablation.images import write_images
from benchmarks.engine_ablation.report import AblationPlan, AblationReport
from benchmarks.engine_ablation.runner import measure_variants, report_progress, results_of, warm_up
from benchmarks.engine_ablation.table import print_report
from benchmarks.engine_ablation.variants import VARIANTS, Variant, fast_precision
from benchmarks.engine_ablation.workload import Workload
from medtui.engine.run.device import choose_device, configure_torch, cpu_capability, device_name
from medtui.errors import MedtuiError, UsageError


def benchmark(plan: AblationPlan, folder: Path) -> AblationReport:
    """Run the plan's variants, with images written under `folder`, and return the report.

    Raises:
        MedtuiError: there are too few images, or the variants did different work.
    """
    device = choose_device(plan.device)
    threads = plan.threads
    configure_torch(device, threads)
    variants = _variants_of(plan, device)
    conditions = _conditions(device, threads)
    work = Workload(plan, write_images(plan, folder / "all"), device)
    little = msgspec.structs.replace(plan, cycles=2, steps=1, num_train=plan.batch_size)
    warm_up(variants, Workload(little, write_images(little, folder / "little"), device), threads)
    found = measure_variants(variants, work, threads)
    train, evaluation = work.count_flops()
    return AblationReport(
        plan=plan,
        conditions=conditions | {"load after": _load()},
        gflops=median(found.flops_per_second) / 1e9,
        copy_gb_per_second=median(found.copied_per_second) / 1e9,
        train_mflop=train / 1e6,
        evaluation_mflop=evaluation / 1e6,
        variants=results_of(variants, work, found),
        notes=[*_NOTES, *([] if plan.images else [_DEMO_NOTE])],
    )


def _variants_of(plan: AblationPlan, device: torch.device) -> list[Variant]:
    if plan.num_train % plan.batch_size:
        raise UsageError(
            "num_train is not a multiple of batch_size: the variants would train on different "
            "numbers of images.",
            hint="Set num_train or batch_size with --set.",
        )
    known = [variant for variant in VARIANTS if device.type == "cuda" or not variant.needs_gpu]
    names = [variant.name for variant in known]
    for name in plan.variants:
        if name not in names:
            raise UsageError(f"Unknown variant {name}.", hint=f"Variants: {', '.join(names)}.")
    chosen = [variant for variant in known if not plan.variants or variant.name in plan.variants]
    if device.type == "cpu" and plan.threads > 1 and any(each.name == "B3" for each in chosen):
        raise UsageError(
            "B3 computes on one thread: on several, fast mode is many times slower as soon as "
            "another process computes.",
            hint="Leave out --threads, or name the other variants with --set variants=A1,A2,B1,B2.",
        )
    return chosen


def _conditions(device: torch.device, threads: int) -> dict[str, str]:
    return {
        "device": f"{device}, {device_name(device)}",
        "threads": f"{threads} of {os.cpu_count()} cores",
        "instructions": cpu_capability(),
        "fast precision": str(fast_precision(device)),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "unset"),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "condensa": metadata.version("condensa"),
        "pillow": metadata.version("pillow"),
        "python": platform.python_version(),
        "load before": _load(),
    }


def _load() -> str:
    """Return the load average of the last minute; times are not comparable under high load."""
    return f"{os.getloadavg()[0]:.2f}"


_NOTES = (
    "stock cnn_statistics computes top-5 accuracy and fails on two classes; top-1 is used instead",
    "medtui's evaluations compute every metric; stock Condensa's compute loss and accuracy",
    "all PNGs are in the page cache",
)

_DEMO_NOTE = "the demo's images are small, so A1 resizes nothing; use --images for real files"


def plan_from(arguments: argparse.Namespace) -> AblationPlan:
    """Return the plan of the command line; `--set` has the form `steps=8` or `variants=A2,B1`.

    Raises:
        UsageError: the key is unknown, or its value has the wrong type.
    """
    asked: dict[str, object] = dict(each.partition("=")[::2] for each in arguments.set)
    known = sorted({*AblationPlan.__struct_fields__} - {"images", "device", "threads"})
    for key in asked:
        if key not in known:
            raise UsageError(f"--set {key}: unknown key. Known keys: {', '.join(known)}.")
    if "arms" in asked:  # the key's former name
        asked["variants"] = asked.pop("arms")
    if "variants" in asked:
        asked["variants"] = str(asked["variants"]).split(",")
    images = str(arguments.images.expanduser().resolve()) if arguments.images else ""
    asked |= {"images": images, "device": arguments.device, "threads": arguments.threads}
    try:
        return msgspec.convert(asked, AblationPlan, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"--set: {error}.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine_ablation")
    parser.add_argument("--images", type=Path, help="two class folders of PNGs [demo's cells]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads [1]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def main() -> int:
    """Run the benchmark and return the exit code."""
    arguments = _parser().parse_args()
    try:
        plan = plan_from(arguments)
        with tempfile.TemporaryDirectory(prefix="medtui-ablation-") as folder:
            report = benchmark(plan, Path(folder))
        report.require_control()
    except MedtuiError as error:
        report_progress(f"error: {error.message}" + f"\n  {error.hint}" * bool(error.hint))
        return error.exit_code
    if arguments.json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        print_report(report)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
