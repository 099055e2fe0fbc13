"""The command line: options to a plan, progress on stderr, the report on stdout."""

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

from benchmarks.engine_ablation.images import lay_out
from benchmarks.engine_ablation.report import AblationPlan, AblationReport
from benchmarks.engine_ablation.runner import arms_of, measure_variants, say, warm_up
from benchmarks.engine_ablation.table import print_report
from benchmarks.engine_ablation.variants import VARIANTS, Variant
from benchmarks.engine_ablation.workload import Workload
from medtui.engine.precision import fast_precision_on
from medtui.engine.run.device import choose_device, configure_torch, cpu_capability, device_name
from medtui.errors import MedtuiError, UsageError


def benchmark(plan: AblationPlan, folder: Path) -> AblationReport:
    """Measure what the plan asks for, with its images laid out under `folder`.

    Raises:
        MedtuiError: there are too few images, or the arms disagree.
    """
    device = choose_device(plan.device)
    threads = plan.threads or len(os.sched_getaffinity(0))
    configure_torch(device, threads)
    variants = _variants_of(plan, device)
    conditions = _conditions(device, threads)
    work = Workload(plan, lay_out(plan, folder / "all"), device)
    little = msgspec.structs.replace(plan, cycles=2, steps=1, num_train=plan.batch_size)
    warm_up(variants, Workload(little, lay_out(little, folder / "little"), device), threads)
    found = measure_variants(variants, work, threads)
    train, evaluation = work.count_flops()
    return AblationReport(
        plan=plan,
        conditions=conditions | {"load after": _load()},
        gflops=median(found.flops_per_second) / 1e9,
        copy_gb_per_second=median(found.copied_per_second) / 1e9,
        train_mflop=train / 1e6,
        evaluation_mflop=evaluation / 1e6,
        arms=arms_of(variants, work, found),
        notes=[*_NOTES, *([] if plan.images else [_DEMO_NOTE])],
    )


def _variants_of(plan: AblationPlan, device: torch.device) -> list[Variant]:
    if plan.num_train % plan.batch_size:
        raise UsageError("num_train is no multiple of batch_size: the arms would not train alike.")
    known = [variant for variant in VARIANTS if device.type == "cuda" or not variant.needs_gpu]
    names = [variant.name for variant in known]
    for name in plan.arms:
        if name not in names:
            raise UsageError(f"There is no arm {name} here.", hint=f"Arms: {', '.join(names)}.")
    return [variant for variant in known if not plan.arms or variant.name in plan.arms]


def _conditions(device: torch.device, threads: int) -> dict[str, str]:
    return {
        "device": f"{device}, {device_name(device)}",
        "threads": f"{threads} of {os.cpu_count()} cores",
        "instructions": cpu_capability(),
        "fast precision": str(fast_precision_on(device)),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "unset"),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "condensa": metadata.version("condensa"),
        "pillow": metadata.version("pillow"),
        "python": platform.python_version(),
        "load before": _load(),
    }


def _load() -> str:
    """Return the machine's load over the last minute: with others at work, times mean little."""
    return f"{os.getloadavg()[0]:.2f}"


_NOTES = (
    "stock's cnn_statistics asks for the top 5 and fails on two classes; it runs with the top 1",
    "medtui's evaluations compute every metric, stock's loss and accuracy",
    "every PNG was read before: files are warm",
)

_DEMO_NOTE = "the demo's cells are small already, A1 resizes nothing; --images measures real files"


def plan_from(arguments: argparse.Namespace) -> AblationPlan:
    """Return the plan that the command line asks for; `--set` is like `steps=8` or `arms=A2,B1`.

    Raises:
        UsageError: there is no such key, or its value has the wrong type.
    """
    asked: dict[str, object] = dict(each.partition("=")[::2] for each in arguments.set)
    known = sorted({*AblationPlan.__struct_fields__} - {"images", "device", "threads"})
    for key in asked:
        if key not in known:
            raise UsageError(f"--set {key}: unknown key. Known keys: {', '.join(known)}.")
    if "arms" in asked:
        asked["arms"] = str(asked["arms"]).split(",")
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
    parser.add_argument("--threads", type=int, default=0, help="CPU threads [all cores]")
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
    except MedtuiError as error:
        say(f"error: {error.message}" + f"\n  {error.hint}" * bool(error.hint))
        return error.exit_code
    if arguments.json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        print_report(report)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
