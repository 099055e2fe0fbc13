"""`medtui bench engine`: the engine against stock Condensa, in a process that knows torch."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from medtui.cli.summary import print_object
from medtui.cli.table import render_table
from medtui.engine.ladder.report import Arm, LadderPlan, LadderReport
from medtui.errors import EnvironmentProblem, UsageError
from medtui.units import MISSING, format_count, format_percent


def plan_engine(
    overrides: Sequence[str], *, images: Path | None, device: str, threads: int
) -> LadderPlan:
    """Give the benchmark's plan; overrides are like `steps=8` or `arms=A2,B1`.

    Raises:
        UsageError: there is no such key, or its value is no number.
    """
    asked: dict[str, object] = dict(each.partition("=")[::2] for each in overrides)
    known = sorted({*LadderPlan.__struct_fields__} - {"images", "device", "threads"})
    for key in asked:
        if key not in known:
            raise UsageError(f"--set {key}: the engine's benchmark takes {', '.join(known)}.")
    if "arms" in asked:
        asked["arms"] = str(asked["arms"]).split(",")
    place = str(images.expanduser().resolve()) if images else ""
    asked |= {"images": place, "device": device, "threads": threads}
    try:
        return msgspec.convert(asked, LadderPlan, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"--set: {error}.") from error


def benchmark_engine(plan: LadderPlan, *, as_json: bool, is_quiet: bool) -> int:
    """Run the benchmark and print it; give the exit code. Its own process narrates on stderr.

    Raises:
        EnvironmentProblem: the process vanished without an answer.
    """
    done = subprocess.run(
        [sys.executable, "-m", "medtui.engine.ladder"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if is_quiet else None,
        check=False,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "TQDM_DISABLE": "1"},
    )
    if done.returncode > 0:
        sys.stderr.write((done.stderr or b"").decode(errors="replace"))
        return done.returncode
    try:
        report = msgspec.json.decode(done.stdout, type=LadderReport)
    except msgspec.MsgspecError as error:
        raise EnvironmentProblem("The benchmark's process ended without an answer.") from error
    if as_json:
        print_object(msgspec.to_builtins(report))
    else:
        _print(report)
    return 0


def _print(report: LadderReport) -> None:
    plan = report.plan
    facts = {
        "work": f"{plan.cycles} cycles of {plan.steps} steps of {plan.batch_size} images; "
        f"{plan.architecture} at {plan.size} x {plan.size}, Prune to 10 %",
        "images": f"{plan.num_train} train, {plan.num_measured} val, {plan.num_measured} test",
        **report.conditions,
        "products": f"{report.gflops:.1f} GFLOP/s; an image takes "
        f"{report.train_mflop:.0f} MFLOP to train on, {report.evaluation_mflop:.0f} to evaluate",
        "copies": f"{report.copy_gb_per_second:.1f} GB/s, read and written",
    }
    for name, value in facts.items():
        print(f"{name:<16} {value}")
    print()
    print(render_table(_HEADERS, [_row(report, arm) for arm in report.arms], num_keys=2))
    print()
    if control := report.control():
        print(f"control: {control[0]} against itself {control[1]:.3f}")
    for note in report.notes:
        print(f"note: {note}")


_HEADERS = (
    "arm", "what", "s", "±", "CPU s", "x A1", "x A2", "of roof", "updates", "trained", "evaluated",
    "weights",
)  # fmt: skip


def _row(report: LadderReport, arm: Arm) -> list[str]:
    return [
        arm.name,
        arm.what,
        f"{arm.wall:.2f}",
        format_percent(arm.spread),
        f"{arm.cpu:.2f}",
        *(_ratio(report.speed_up(arm, base)) for base in ("A1", "A2")),
        format_percent(arm.roof_seconds / arm.wall),
        format_count(arm.num_updates),
        format_count(arm.num_trained),
        format_count(arm.num_evaluated),
        arm.digest[:8],
    ]


def _ratio(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"
