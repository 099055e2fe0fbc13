"""The precision and memory format of a network's computation: exact, or fast on this hardware.

Weights stay float32 in both; only products and activations use the narrower type.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from medtui.engine.run.device import cpu_flags
from medtui.preset import FastPrecision, precision_from_environment

_NATIVE_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Linux's names of processor features that multiply bfloat16: two of x86, one of Arm."""

_DTYPES: dict[FastPrecision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True)
class Precision:
    """The number type of convolutions and matrix products, and the memory format of images."""

    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    crops_kernels: bool = False
    """Whether weights that no pixel reaches are left out: `engine.training.cropped_view`."""

    def logits(self, model: nn.Module, inputs_NCHW: Tensor) -> Tensor:
        """Return the model's logits as float32 (N, K)."""
        inputs_NCHW = inputs_NCHW.to(memory_format=self.memory_format)
        is_narrow = self.dtype is not torch.float32
        # Each weight is cast once per pass, so autocast's cache saves nothing; and a CUDA graph
        # cannot be replayed with it.
        with torch.autocast(
            inputs_NCHW.device.type, self.dtype, enabled=is_narrow, cache_enabled=False
        ):
            logits_NK: Tensor = model(inputs_NCHW).float()
        return logits_NK

    @property
    def name(self) -> str:
        """Name of the number type: `bfloat16`."""
        return str(self.dtype).removeprefix("torch.")

    def __str__(self) -> str:
        order = "channels_last" if self.memory_format is torch.channels_last else "contiguous"
        left_out = ", without weights that no pixel reaches" if self.crops_kernels else ""
        return f"{self.name}, {order}{left_out}"


EXACT = Precision()
"""The exact mode's, as in Condensa."""


def fast_precision_on(device: torch.device, asked: FastPrecision | None = None) -> Precision:
    """Return the fast mode's precision on a device.

    `asked` takes priority, then `MEDTUI_FAST_PRECISION`, then the hardware's native type.

    Raises:
        UsageError: `MEDTUI_FAST_PRECISION` is not a known precision.
    """
    name = asked or precision_from_environment() or native_precision(device)
    return Precision(_DTYPES[name], torch.channels_last)


def study_precision(device: torch.device, name: FastPrecision) -> Precision:
    """Return the precision of a study in fast mode, whose products have the type `name`.

    On a GPU the kernels stay whole: a CUDA graph records the network's own parameters.
    """
    return Precision(_DTYPES[name], torch.channels_last, crops_kernels=device.type == "cpu")


def native_precision(device: torch.device) -> FastPrecision:
    """Return bfloat16 if the hardware multiplies it natively, otherwise float32."""
    return "bfloat16" if multiplies_bf16(device) else "float32"


def multiplies_bf16(device: torch.device) -> bool:
    """Return whether the hardware multiplies bfloat16; emulation is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return not _NATIVE_BF16.isdisjoint(cpu_flags())
