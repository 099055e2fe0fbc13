"""Check before a study starts whether its network can be narrowed and trained from scratch."""

from collections.abc import Sequence
from functools import partial

from torch import nn

from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.narrowing import (
    Narrowed,
    NotNarrowable,
    check_loading,
    check_target,
    manifest_of,
)
from medtui.engine.training.network import build_network
from medtui.preset import Preset
from medtui.protocol.preflight import CellForecast, ScratchForecast
from medtui.runs.run_names import is_compression

KEY = ("compress", "scratch")


def forecast_scratch(
    preset: Preset,
    cells: Sequence[CellForecast],
    image_shape: ImageShape,
    num_classes: int,
) -> tuple[ScratchForecast | None, nn.Module | None]:
    """Return what would be trained from scratch, and roughly that network; None where it is off.

    `cells` are the forecasts of the grid, and of searches at their lowest density.

    Raises:
        NotNarrowable: the network cannot be narrowed to the parameters of the smallest cell.
    """
    if not preset.compress.scratch:
        return None, None
    smallest = min(
        (cell for cell in cells if is_compression(cell.slug)), key=lambda cell: cell.num_nonzero
    )
    try:
        narrowed = _narrowed(preset, smallest.num_nonzero, image_shape, num_classes)
    except NotNarrowable as error:
        raise NotNarrowable(
            f"compress.scratch: {error.message}", hint=error.hint, key=KEY
        ) from error
    forecast = ScratchForecast(
        narrowed.width, narrowed.num_parameters, smallest.num_nonzero, smallest.slug
    )
    return forecast, narrowed.network


def _narrowed(preset: Preset, target: int, image_shape: ImageShape, num_classes: int) -> Narrowed:
    architecture, channels = preset.model.architecture, image_shape[0]
    build = partial(
        build_network, architecture, channels=channels, num_classes=num_classes,
        seed=preset.reference.seed,
    )  # fmt: skip
    narrowed = check_target(build, target, image_shape)
    manifest = manifest_of(narrowed, architecture, channels, num_classes)
    check_loading(narrowed, manifest, image_shape)
    return narrowed
