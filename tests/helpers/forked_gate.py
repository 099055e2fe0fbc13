"""Gates in a process that was forked, see `tests.helpers.zygote`.

A gate evaluates test in a process of its own; here in itself, so that a fault strikes any change of
a file of both. Networks are tiny.
"""

import ctypes
import os
from pathlib import Path

from medtui.runs.folder import RunFolder
from tests.helpers.tiny_sessions import tiny_network


def gate(run: RunFolder, plan: Path, count: Path | None) -> None:
    """Let a run pass the gate by a plan; write the number of changes of files to `count`."""
    from medtui.engine.opening.opener import open_tests
    from medtui.engine.run import load_run
    from medtui.evidence import gate as gates
    from medtui.evidence.plan import StatedPlan

    load_run.build_network = lambda *_, **__: tiny_network()
    gates.evaluate_sealed = lambda _, runs, device, report: open_tests(runs, device, report)
    gates.pass_gate(
        run, StatedPlan(plan), command=["medtui", "gate"], device="cpu", report=lambda _: None
    )
    if count is not None:
        number = ctypes.CDLL(os.environ["ZYGOTE_SHIM"]).fault_count()
        count.write_text(str(number), encoding="utf-8")
