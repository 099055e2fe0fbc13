"""The fast mode: what it puts into L-C's seams, and what it amounts to on this machine."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from medtui.engine.lc.cuda_graph import CudaGraphs, FastStep, GraphedStep
from medtui.engine.lc.fused_sgd import FusedSgd, Rule, advance, compile_advance
from medtui.engine.precision import Arithmetic

TEST_EVERY = 5
"""Cycles between looks at the test split, where the preset does not say."""


def fast_seams(
    device: torch.device, arithmetic: Arithmetic, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return `LC`'s arguments for the fast mode; `warn` hears of what this machine cannot do."""
    is_gpu = device.type == "cuda"
    step = GraphedStep(arithmetic, CudaGraphs(), warn) if is_gpu else FastStep(arithmetic)
    return {"l_optimizer": partial(FusedSgd, rule=_rule(device, warn)), "step": step}


def _rule(device: torch.device, warn: Callable[[str], None]) -> Rule:
    try:
        return compile_advance(device)
    except Exception as error:  # noqa: BLE001 - a compiler fails in too many ways to name
        reason = str(error).partition("\n")[0] or type(error).__name__
        warn(f"The update rule is not compiled, and is slower: {reason}")
        return advance
