"""The fast mode: the optimiser and the step that it passes to `LC` on this device."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from medtui.engine.lc.cuda_graph import CudaGraphs, FastStep, GraphedStep
from medtui.engine.lc.fused_sgd import (
    FusedSgd,
    Rule,
    advance,
    advance_in_blocks,
    compile_advance,
)
from medtui.engine.precision import Precision


def fast_mode_arguments(
    device: torch.device, precision: Precision, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return `LC`'s arguments for the fast mode; `warn` is called for each slower fallback."""
    is_gpu = device.type == "cuda"
    step = GraphedStep(precision, CudaGraphs(), warn) if is_gpu else FastStep(precision)
    # The L step alone in fast mode, as by `lc.mode`, keeps the rule that it has always had.
    rule = advance_in_blocks if precision.crops_kernels else _rule(device, warn)
    return {"l_optimizer": partial(FusedSgd, rule=rule), "step": step}


def _rule(device: torch.device, warn: Callable[[str], None]) -> Rule:
    try:
        return compile_advance(device)
    except Exception as error:  # noqa: BLE001 - torch.compile raises many types of error
        reason = str(error).partition("\n")[0] or type(error).__name__
        warn(f"The update rule runs uncompiled, which is slower: {reason}")
        return advance
