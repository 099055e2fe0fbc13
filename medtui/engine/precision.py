"""In what numbers a network is computed: exactly, or as the hardware does it fastest.

Weights stay float32 either way; only products and what lies between layers become narrower.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.run.device import cpu_flags
from medtui.preset import FastPrecision, precision_from_environment

_NATIVE_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux calls bfloat16 products in hardware on x86 (two kinds) and on Arm."""

_DTYPES: dict[FastPrecision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True)
class Arithmetic:
    """A number type for convolutions and matrix products, and an order of images in memory."""

    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format

    def logits(self, model: nn.Module, inputs_NCHW: Tensor) -> Tensor:
        """Return the model's answer as float32 (N, K)."""
        inputs_NCHW = inputs_NCHW.to(memory_format=self.memory_format)
        is_narrow = self.dtype is not torch.float32
        # A weight is used once: a cache of casts would save nothing, and a CUDA graph forbids it.
        with torch.autocast(
            inputs_NCHW.device.type, self.dtype, enabled=is_narrow, cache_enabled=False
        ):
            logits_NK: Tensor = model(inputs_NCHW).float()
        return logits_NK

    @property
    def precision(self) -> str:
        """The number type's name: `bfloat16`."""
        return str(self.dtype).removeprefix("torch.")

    def __str__(self) -> str:
        order = "channels_last" if self.memory_format is torch.channels_last else "contiguous"
        return f"{self.precision}, {order}"


EXACT = Arithmetic()
"""Condensa's own."""


def fast_arithmetic(device: torch.device, asked: FastPrecision | None = None) -> Arithmetic:
    """Return the fast mode's: as asked, else by `MEDTUI_FAST_PRECISION`, else the hardware's own.

    Raises:
        UsageError: `MEDTUI_FAST_PRECISION` is set to something else.
    """
    precision = asked or precision_from_environment() or native_precision(device)
    return Arithmetic(_DTYPES[precision], torch.channels_last)


def native_precision(device: torch.device) -> FastPrecision:
    """Return bfloat16 where the hardware multiplies it natively, else float32."""
    return "bfloat16" if multiplies_bf16(device) else "float32"


def multiplies_bf16(device: torch.device) -> bool:
    """Whether bfloat16 products are native; emulated ones are slower than float32's."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return not _NATIVE_BF16.isdisjoint(cpu_flags())
