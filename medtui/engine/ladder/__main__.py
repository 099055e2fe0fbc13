"""The benchmark's process: a plan on stdin, narration on stderr, the report on stdout."""

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

from medtui.engine.ladder.arms import RUNGS, Rung
from medtui.engine.ladder.images import lay_out
from medtui.engine.ladder.report import LadderPlan, LadderReport
from medtui.engine.ladder.rounds import arms_of, measure_rungs, say, warm_up
from medtui.engine.ladder.work import Work
from medtui.engine.precision import fast_arithmetic
from medtui.engine.run.device import choose_device, cpu_capability, device_name, settle
from medtui.errors import MedtuiError, UsageError


def benchmark(plan: LadderPlan, folder: Path) -> LadderReport:
    """Measure what the plan asks for, with its images laid out under `folder`.

    Raises:
        MedtuiError: there are too few images, or the arms disagree.
    """
    device = choose_device(plan.device)
    threads = plan.threads or len(os.sched_getaffinity(0))
    settle(device, threads)
    rungs = _rungs_of(plan, device)
    conditions = _conditions(device, threads)
    work = Work(plan, lay_out(plan, folder / "all"), device)
    little = msgspec.structs.replace(plan, cycles=2, steps=1, num_train=plan.batch_size)
    warm_up(rungs, Work(little, lay_out(little, folder / "little"), device), threads)
    found = measure_rungs(rungs, work, threads)
    train, evaluation = work.count_flops()
    return LadderReport(
        plan=plan,
        conditions=conditions | {"load after": _load()},
        gflops=median(found.flops_per_second) / 1e9,
        copy_gb_per_second=median(found.copied_per_second) / 1e9,
        train_mflop=train / 1e6,
        evaluation_mflop=evaluation / 1e6,
        arms=arms_of(rungs, work, found),
        notes=[*_NOTES, *([] if plan.images else [_DEMO_NOTE])],
    )


def _rungs_of(plan: LadderPlan, device: torch.device) -> list[Rung]:
    if plan.num_train % plan.batch_size:
        raise UsageError("num_train is no multiple of batch_size: the arms would not train alike.")
    known = [rung for rung in RUNGS if device.type == "cuda" or not rung.needs_gpu]
    names = [rung.name for rung in known]
    for name in plan.arms:
        if name not in names:
            raise UsageError(f"There is no arm {name} here.", hint=f"Arms: {', '.join(names)}.")
    return [rung for rung in known if not plan.arms or rung.name in plan.arms]


def _conditions(device: torch.device, threads: int) -> dict[str, str]:
    return {
        "device": f"{device}, {device_name(device)}",
        "threads": f"{threads} of {os.cpu_count()} cores",
        "instructions": cpu_capability(),
        "fast arithmetic": str(fast_arithmetic(device)),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "unset"),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "condensa": metadata.version("condensa"),
        "pillow": metadata.version("pillow"),
        "python": platform.python_version(),
        "load before": _load(),
    }


def _load() -> str:
    """Give the machine's load over the last minute: with others at work, times mean little."""
    return f"{os.getloadavg()[0]:.2f}"


_NOTES = (
    "stock's cnn_statistics asks for the top 5 and fails on two classes; it runs with the top 1",
    "medtui's evaluations compute every metric, stock's loss and accuracy",
    "every PNG was read before: files are warm",
)

_DEMO_NOTE = "the demo's cells are small already, A1 resizes nothing; --images measures real files"


def main() -> int:
    """Answer the plan on standard input."""
    try:
        plan = msgspec.json.decode(sys.stdin.buffer.read(), type=LadderPlan)
        with tempfile.TemporaryDirectory(prefix="medtui-ladder-") as folder:
            report = benchmark(plan, Path(folder))
    except MedtuiError as error:
        say(f"medtui: {error.message}" + f"\n  {error.hint}" * bool(error.hint))
        return error.exit_code
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
