"""Tries a preset before anything is started: `python -m medtui.engine.preflight`.

Each scheme is applied to a copy of the freshly built network. Sends a `Preflight`, or why the
preset cannot be run.
"""

import math
import sys
import time
from copy import deepcopy

import msgspec
import psutil
from torch import nn

from medtui.datasets.summary import survey_dataset
from medtui.engine.estimate import estimate
from medtui.engine.lc.penalty_budget import LOW_BUDGET, penalty_budget
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.model_size import count_macs, size_with_macs
from medtui.engine.pruning.schemes import build_scheme, operation_of
from medtui.engine.pruning.shrink_report import measure_shrinkage
from medtui.engine.pruning.structural_pruning import shrink
from medtui.engine.run.device import choose_device
from medtui.engine.training.network import build_network
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.jobs.device_slots import explain_threads
from medtui.preset import (
    Cell,
    Preset,
    expand_grid,
    parse_preset,
)
from medtui.protocol.model_size import Shrinkage, Size
from medtui.protocol.outcome import Failed
from medtui.protocol.preflight import CellForecast, Preflight, PreflightRequest
from medtui.protocol.stdio import Answers, read_request


def forecast(preset: Preset, *, is_measured: bool = False, seconds_start: float = 0.0) -> Preflight:
    """Return what a preset would do; measured, with how long that takes.

    `seconds_start` is what a process takes until it computes, for the estimate.

    Raises:
        UsageError: a cell of the grid cannot work.
        MedtuiError: as `survey_dataset` raises.
    """
    survey = survey_dataset(preset.data)
    network = build_network(
        preset.model.architecture,
        channels=survey.channels,
        num_classes=len(survey.classes),
        seed=preset.reference.seed,
    )
    macs = count_macs(network, channels=survey.channels, side=survey.size)
    image_shape = (survey.channels, survey.size, survey.size)
    _try_search(preset, network, macs, image_shape)
    budget = penalty_budget(preset.lc)
    notes = [*survey.notes, *filter(None, [explain_threads(preset)])]
    if budget < LOW_BUDGET and preset.lc.cycles > 1:
        notes.append(
            f"penalty budget B = {budget:.2f} is low: theta will be little more than direct "
            f"compression; mu_init = {preset.lc.mu_init * 10 / budget:.2g} would give 10"
        )
    projections: dict[str, float] = {}
    cells = []
    for cell in expand_grid(preset):
        found, projections[cell.slug] = _forecast_cell(preset, cell, network, macs, image_shape)
        cells.append(found)
    train, val, test = survey.parts
    return Preflight(
        num_train=train.num_images,
        num_val=val.num_images,
        num_test=test.num_images,
        num_patients=sum(part.num_patients or 0 for part in survey.parts),
        classes=list(survey.classes),
        cells=cells,
        penalty_budget=budget,
        notes=notes,
        estimate=estimate(
            preset, survey, network, projections=projections, seconds_start=seconds_start
        )
        if is_measured
        else None,
    )


def _forecast_cell(
    preset: Preset,
    cell: Cell,
    network: nn.Module,
    macs: dict[str, int],
    image_shape: ImageShape,
) -> tuple[CellForecast, float]:
    """Return what a cell keeps, and the seconds that its projection took.

    Raises:
        CellRefused: it cannot work.
    """
    guard = preset.guard if preset.compress.guard == "on" else None
    _refuse_impossible(cell, network)
    theta = deepcopy(network)
    began = time.perf_counter()
    try:
        build_scheme(cell.scheme, cell.density, guard, image_shape).pi(theta)
    except (RuntimeError, TypeError) as error:
        reason = _REASONS.get(str(error), str(error))
        architecture = preset.model.architecture
        raise CellRefused(f"{cell.slug} cannot work on {architecture}: {reason}.") from error
    seconds = time.perf_counter() - began
    size = size_with_macs(theta, macs)
    _refuse_idle(cell, size)
    shrinkage = _shrinkage(theta, image_shape) if cell.scheme.is_structured else None
    found = CellForecast(
        slug=cell.slug,
        scheme=cell.scheme.name,
        density=cell.density,
        num_weights=size.num_compressible,
        num_weights_kept=size.num_compressible_nonzero,
        num_parameters=size.num_parameters,
        layers=size.layers,
        layers_emptied=size.dead_layers,
        shrinkage=shrinkage,
    )
    return found, seconds


def _shrinkage(theta: nn.Module, image_shape: ImageShape) -> Shrinkage | None:
    """Return what could leave the network; None where its couplings cannot be followed."""
    try:
        return measure_shrinkage(shrink(theta, image_shape), image_shape)
    except UsageError:
        return None


def _try_search(
    preset: Preset, network: nn.Module, macs: dict[str, int], image_shape: ImageShape
) -> None:
    """Try each searched scheme where it leaves the least.

    Raises:
        SearchRefused: it cannot work there, or the objective cannot be measured here.
    """
    search = preset.search
    if search is None:
        return
    for scheme in map(preset.compress.scheme, search.scheme):
        try:
            _forecast_cell(preset, Cell(scheme, search.low, seed=0), network, macs, image_shape)
        except CellRefused as error:
            raise SearchRefused(f"search.low: {error.message}") from error
    if search.objective == "memory" and choose_device(preset.machine.device).type == "cpu":
        raise SearchRefused(
            'search.objective = "memory" is measured by the allocator of a GPU, and this runs on a '
            'CPU; take "size".'
        )


_REASONS = {
    "Tensor too small for given alignment": "its `align` is larger than a layer that it prunes",
    "Block size must be divisible by tensor size": "its `block` does not divide every linear layer",
}
"""Condensa's words to ours."""


def _refuse_impossible(cell: Cell, network: nn.Module) -> None:
    """Refuse what Condensa would only find out in the middle of a study."""
    for operator in cell.scheme.operators:
        units = operation_of(operator).units_in(network, cell.density)
        if units is not None and units.total and units.limit == 0:
            raise CellRefused(
                f"density {units.density:g} keeps none of {units.total:,} {units.name}; the "
                f"smallest that keeps one is {_round_up(1 / units.total):g}."
            )


def _round_up(density: float) -> float:
    """Return the next number of three significant digits: rounded down, it would keep nothing."""
    unit = 10.0 ** (math.floor(math.log10(density)) - 2)
    return float(f"{math.ceil(density / unit) * unit:.3g}")


def _refuse_idle(cell: Cell, size: Size) -> None:
    """Refuse a structured cell whose floors leave nothing to remove."""
    is_whole = size.num_compressible_nonzero == size.num_compressible
    if cell.scheme.is_structured and cell.density is not None and cell.density < 1 and is_whole:
        raise CellRefused(
            f"{cell.slug} would remove nothing: the guard spares every layer that it could prune "
            "(floors, `protect`, and the last layer, whose neurons are the classes); change "
            'guard.floor_channels or guard.protect, or set compress.guard = "off".'
        )


class CellRefused(UsageError):
    """A cell of the grid that cannot work."""


class SearchRefused(UsageError):
    """A search that cannot work."""


def _key_of(error: MedtuiError) -> tuple[str, ...]:
    if isinstance(error, CellRefused):
        return ("compress", "densities" if "density" in error.message else "schemes")
    if isinstance(error, SearchRefused):
        return ("search", "low" if "search.low" in error.message else "objective")
    return ("data", "root") if isinstance(error, EnvironmentProblem) else ()


def main() -> int:
    """Answer one request from stdin."""
    seconds_start = time.time() - psutil.Process().create_time()
    answers = Answers()
    request = read_request(PreflightRequest)
    try:
        preset = parse_preset(request.preset, "the preset")
        answers.send(forecast(preset, is_measured=request.is_measured, seconds_start=seconds_start))
    except MedtuiError as error:
        answers.send(msgspec.structs.replace(Failed.of(error), key=error.key or _key_of(error)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
