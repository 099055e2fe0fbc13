"""Reasons why a compressed model is not faster than its reference."""

from collections.abc import Iterator

import torch

from medtui.engine.bench.models import Model
from medtui.preset import cell_named, parse_preset
from medtui.preset.toml import read_text
from medtui.units import format_count


def caveats_of(model: Model, device: torch.device) -> Iterator[str]:
    """Yield a sentence for each reason against a speed-up."""
    if model.run.is_reference:
        return
    size = model.size
    num_zeros = size.num_compressible - size.num_compressible_nonzero
    removed = sum(layer.num_structures - layer.num_structures_kept for layer in size.layers)
    if _is_structured(model) and removed:
        yield (
            f"its {format_count(removed)} masked filters and neurons are still computed (as "
            "zeros); only the shrunk model, without them, is faster"
        )
    elif num_zeros / size.num_compressible > 0.01:  # noqa: PLR2004 - a trained network has a few zeros
        yield (
            f"its {format_count(num_zeros)} zero weights are still multiplied: its sparse size is "
            "smaller, but it is not faster"
        )
    if any(parameter.dtype is torch.float16 for parameter in model.network.parameters()):
        yield (
            "a CPU computes its half-precision weights in float32: it is smaller, but not faster"
            if device.type == "cpu"
            else "its half-precision weights speed up only float16, as do the reference's"
        )


def _is_structured(model: Model) -> bool:
    preset = parse_preset(read_text(model.run.preset), str(model.run.preset))
    cell = cell_named(preset, model.run.name)
    return cell is not None and cell.scheme.is_structured
