"""What keeps a compressed model from being faster, said plainly."""

from collections.abc import Iterator

import torch

from medtui.engine.bench.models import Model
from medtui.preset import cell_named, parse_preset
from medtui.preset.toml import read_text
from medtui.units import format_count


def notes_on(model: Model, device: torch.device) -> Iterator[str]:
    """Yield a sentence for each thing that speaks against a speed-up."""
    if model.run.is_reference:
        return
    size = model.size
    num_zeros = size.num_compressible - size.num_compressible_nonzero
    removed = sum(layer.num_structures - layer.num_structures_kept for layer in size.layers)
    if _is_structured(model) and removed:
        yield (
            f"its {format_count(removed)} masked filters and neurons are still computed, as "
            "zeros: it is faster only shrunk, with them taken out of the network"
        )
    elif num_zeros / size.num_compressible > 0.01:  # noqa: PLR2004 - a trained network has a few zeros
        yield (
            f"its {format_count(num_zeros)} zero weights are still multiplied: it is smaller when "
            "packed, not faster"
        )
    if any(parameter.dtype is torch.float16 for parameter in model.network.parameters()):
        yield (
            "a CPU computes its half-precision weights in float32: smaller, not faster"
            if device.type == "cpu"
            else "its half-precision weights are faster only in float16, where the reference is too"
        )


def _is_structured(model: Model) -> bool:
    preset = parse_preset(read_text(model.run.preset), str(model.run.preset))
    cell = cell_named(preset, model.run.name)
    return cell is not None and cell.scheme.is_structured
