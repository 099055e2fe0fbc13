"""Peak memory of one batch: weights and activations, as torch's allocator counts them."""

import json
import tempfile
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn

SHARE_OF_FREE = 0.5
"""Maximum share of the free memory that a batch on a CPU may take."""


@torch.inference_mode()
def peak_memory(network: nn.Module, images_NCHW: Tensor) -> int | None:
    """Return the peak bytes allocated during a call, weights included.

    None if torch's profiler reports no allocation.

    Raises:
        torch.OutOfMemoryError: the GPU's memory is full.
    """
    weights: int = sum(each.numel() * each.element_size() for each in network.state_dict().values())
    if images_NCHW.device.type == "cuda":
        before = torch.cuda.memory_allocated(images_NCHW.device)
        torch.cuda.reset_peak_memory_stats(images_NCHW.device)
        network(images_NCHW)
        torch.cuda.synchronize(images_NCHW.device)
        highest: int = torch.cuda.max_memory_allocated(images_NCHW.device)
        return weights + highest - before
    allocated = _peak_on_cpu(network, images_NCHW)
    return None if allocated is None else weights + allocated


def would_fit(peak_bytes: int | None, device: torch.device) -> bool:
    """Return whether to try twice the batch size; on a GPU the allocator's error decides."""
    if device.type == "cuda" or peak_bytes is None:
        return True
    return 2 * peak_bytes < SHARE_OF_FREE * psutil.virtual_memory().available


def _peak_on_cpu(network: nn.Module, images_NCHW: Tensor) -> int | None:
    """Return the peak of the running total that torch's memory trace has for each allocation."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profiler:
        network(images_NCHW)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_bytes())["traceEvents"]
    totals = [
        event["args"].get("Total Allocated", 0)
        for event in events
        if event.get("name") == "[memory]"
    ]
    return max(totals, default=None)
