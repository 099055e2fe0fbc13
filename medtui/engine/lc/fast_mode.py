"""The fast mode: the optimiser and the step that it passes to `LC` on this device."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from medtui.engine.lc.cuda_graph import FastStep, GraphedStep
from medtui.engine.lc.flat_sgd import FlatSgd
from medtui.engine.lc.fused_sgd import (
    FusedSgd,
    Rule,
    advance,
    advance_in_blocks,
    compile_advance,
)
from medtui.engine.precision import Precision, multiplies_bf16
from medtui.engine.run.session import Session
from medtui.engine.training.recording import CudaGraphs
from medtui.events import Noted


def mode_arguments(session: Session) -> dict[str, Any]:
    """Return `LC`'s arguments for the mode of a compression."""
    if not session.is_fast:
        return {}
    precision = session.precision
    session.log.write(Noted(f"fast mode computes in {precision}"))
    if precision.dtype is torch.bfloat16 and not multiplies_bf16(session.device):
        session.log.write(Noted("bfloat16 is emulated here, and is slower than float32", "warning"))
    return fast_mode_arguments(session.device, precision, session.warn)


def fast_mode_arguments(
    device: torch.device, precision: Precision, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return `LC`'s arguments for the fast mode; `warn` is called for each slower fallback."""
    is_gpu = device.type == "cuda"
    step = GraphedStep(precision, CudaGraphs(), warn) if is_gpu else FastStep(precision)
    # The L step alone in fast mode, as by `lc.mode`, keeps the rule that it has always had.
    rule = advance_in_blocks if precision.crops_kernels else _rule(device, warn)
    kind = FlatSgd if is_gpu else FusedSgd
    return {"l_optimizer": partial(kind, rule=rule), "step": step}


def _rule(device: torch.device, warn: Callable[[str], None]) -> Rule:
    try:
        return compile_advance(device)
    except Exception as error:  # noqa: BLE001 - torch.compile raises many types of error
        reason = str(error).partition("\n")[0] or type(error).__name__
        warn(f"The update rule runs uncompiled, which is slower: {reason}")
        return advance
