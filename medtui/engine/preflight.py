"""Child process that checks a preset before it is started: `python -m medtui.engine.preflight`.

It applies each scheme to a copy of the untrained network, and sends a `Preflight`, or the reason
why the preset cannot run.
"""

import math
import sys
import time
from copy import deepcopy

import msgspec
import psutil
from torch import nn

from medtui.datasets.class_weights import describe_weights
from medtui.datasets.findings import by_rank, require_accepted, sentences
from medtui.datasets.summary import DatasetSummary, summarise_dataset
from medtui.engine.estimate import estimate
from medtui.engine.forecast_power import forecast_power
from medtui.engine.lc.penalty_budget import LOW_BUDGET, penalty_budget
from medtui.engine.pruning.channel_groups import ImageShape
from medtui.engine.pruning.density_check import explain_unreachable
from medtui.engine.pruning.model_size import size_with_macs
from medtui.engine.pruning.multiply_adds import count_macs
from medtui.engine.pruning.reachable_weights import Taps, reachable_taps
from medtui.engine.pruning.schemes import build_scheme, operation_of
from medtui.engine.pruning.shrink_report import crops_kernels, measure_shrinkage
from medtui.engine.pruning.structural_pruning import shrink
from medtui.engine.run.device import choose_device
from medtui.engine.scratch_forecast import forecast_scratch
from medtui.engine.training.network import build_network
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.jobs.device_slots import explain_device, explain_threads
from medtui.metrics.threshold_rule import describe_decisions
from medtui.preset import (
    Cell,
    LcSettings,
    Preset,
    expand_grid,
    parse_preset,
)
from medtui.protocol.model_size import Shrinkage, Size
from medtui.protocol.outcome import Failed
from medtui.protocol.preflight import CellForecast, Preflight, PreflightRequest
from medtui.protocol.stdio import MessageWriter, read_request


def forecast(preset: Preset, *, is_measured: bool = False, seconds_start: float = 0.0) -> Preflight:
    """Return the data set's counts and each cell's forecast; with `is_measured`, an estimate too.

    `seconds_start` is the time that a worker process needs to start, for the estimate.

    Raises:
        UsageError: a cell of the grid cannot work on this network.
        MedtuiError: the data set cannot be used, or has errors that the preset does not accept.
    """
    survey = summarise_dataset(preset.data)
    require_accepted(survey.findings, preset.data.accept)
    network = build_network(
        preset.model.architecture,
        channels=survey.channels,
        num_classes=len(survey.classes),
        seed=preset.reference.seed,
    )
    macs = count_macs(network, channels=survey.channels, side=survey.size)
    image_shape = (survey.channels, survey.size, survey.size)
    taps = reachable_taps(network, image_shape)
    searched = _forecast_search(preset, network, macs, taps, image_shape)
    budget = penalty_budget(preset.lc)
    notes = [
        explain_device(preset.machine),
        explain_threads(preset),
        _low_budget_note(preset.lc, budget),
    ]
    cells = [
        _forecast_cell(preset, cell, network, macs, taps, image_shape)
        for cell in expand_grid(preset)
    ]
    num_classes = len(survey.classes)
    scratch, narrowed = forecast_scratch(preset, [*cells, *searched], image_shape, num_classes)
    train, val, test = survey.splits
    return Preflight(
        num_train=train.num_images,
        num_val=val.num_images,
        num_test=test.num_images,
        num_patients=sum(part.num_patients or 0 for part in survey.splits),
        classes=list(survey.classes),
        positive_class=survey.positive_class,
        class_weights=dict(zip(survey.classes, survey.class_weights, strict=True)),
        class_weight_rule=describe_weights(survey.card.class_weights),
        decisions=_decisions(preset, survey),
        cells=cells,
        penalty_budget=budget,
        notes=[*sentences(by_rank(survey.findings)), *filter(None, notes)],
        scratch=scratch,
        estimate=estimate(preset, survey, network, narrowed, seconds_start=seconds_start)
        if is_measured
        else None,
        power=forecast_power(survey),
    )


def _decisions(preset: Preset, survey: DatasetSummary) -> str:
    """Return how answers of a multi-label task are decided; empty in single-label tasks."""
    none = survey.none_class if preset.evaluate.none_class == "exclusive" else None
    rule = preset.evaluate.thresholds
    return describe_decisions(rule, none) if survey.task == "multi" else ""


def _low_budget_note(lc: LcSettings, budget: float) -> str | None:
    if budget >= LOW_BUDGET or lc.cycles <= 1:
        return None
    return (
        f"penalty budget B = {budget:.2f} is low: the result will be close to direct compression. "
        f"Set lc.mu_init = {lc.mu_init * 10 / budget:.2g} for a budget of 10."
    )


def _forecast_cell(
    preset: Preset,
    cell: Cell,
    network: nn.Module,
    macs: dict[str, int],
    taps: Taps,
    image_shape: ImageShape,
) -> CellForecast:
    """Return a cell's forecast.

    Raises:
        InvalidCell: the scheme cannot work on this network.
    """
    guard = preset.guard if preset.compress.guard == "on" else None
    _check_density(cell, network)
    theta = deepcopy(network)
    try:
        build_scheme(cell.scheme, cell.density, guard, image_shape).pi(theta)
    except (RuntimeError, TypeError) as error:
        reason = _REASONS.get(str(error), str(error))
        architecture = preset.model.architecture
        raise InvalidCell(f"{cell.slug} cannot work on {architecture}: {reason}.") from error
    size = size_with_macs(theta, macs, taps)
    _check_removal(cell, size)
    is_cropped = crops_kernels(preset)
    note = explain_unreachable(cell, network, taps, image_shape) if is_cropped else None
    shrinkage = _shrinkage(theta, image_shape, is_cropped) if cell.scheme.is_structured else None
    return CellForecast(
        slug=cell.slug,
        scheme=cell.scheme.name,
        density=cell.density,
        num_weights=size.num_compressible,
        num_weights_kept=size.num_compressible_nonzero,
        num_parameters=size.num_parameters,
        layers=size.layers,
        layers_emptied=size.dead_layers,
        shrinkage=shrinkage,
        notes=[note] if note else [],
        num_weights_unreachable=size.num_weights_unreachable or 0,
        density_reachable=size.density_reachable,
    )


def _shrinkage(theta: nn.Module, image_shape: ImageShape, is_cropped: bool) -> Shrinkage | None:
    """Return what shrinking would remove; None if Torch-Pruning cannot trace the network."""
    try:
        return measure_shrinkage(shrink(theta, image_shape, is_cropped=is_cropped), image_shape)
    except UsageError:
        return None


def _forecast_search(
    preset: Preset, network: nn.Module, macs: dict[str, int], taps: Taps, image_shape: ImageShape
) -> list[CellForecast]:
    """Return the forecast of each searched scheme at the lowest density; check the objective.

    Raises:
        InvalidSearch: a scheme cannot work there, or the objective cannot be measured here.
    """
    search, cells = preset.search, list[CellForecast]()
    if search is None:
        return cells
    for scheme in map(preset.compress.scheme, search.scheme):
        try:
            cell = Cell(scheme, search.low, seed=0)
            cells.append(_forecast_cell(preset, cell, network, macs, taps, image_shape))
        except InvalidCell as error:
            raise InvalidSearch(f"search.low: {error.message}") from error
    if search.objective == "memory" and choose_device(preset.machine.device).type == "cpu":
        raise InvalidSearch(
            'search.objective = "memory" can be measured on a GPU only, and the device is a CPU. '
            'Set search.objective = "size".'
        )
    return cells


_REASONS = {
    "Tensor too small for given alignment": "its `align` is larger than a layer that it prunes",
    "Block size must be divisible by tensor size": "its `block` does not divide every linear layer",
}
"""Condensa's error messages, with the wording that medtui shows instead."""


def _check_density(cell: Cell, network: nn.Module) -> None:
    """Raise if an operator keeps nothing, which Condensa reports only in the first C step.

    Raises:
        InvalidCell: a density keeps no weight or structure.
    """
    for operator in cell.scheme.operators:
        units = operation_of(operator).units_in(network, cell.density)
        if units is not None and units.total and units.limit == 0:
            raise InvalidCell(
                f"density {units.density:g} keeps none of {units.total:,} {units.name}; the "
                f"smallest that keeps one is {_round_up(1 / units.total):g}."
            )


def _round_up(density: float) -> float:
    """Return `density` rounded up to three significant digits; rounded down it keeps nothing."""
    unit = 10.0 ** (math.floor(math.log10(density)) - 2)
    return float(f"{math.ceil(density / unit) * unit:.3g}")


def _check_removal(cell: Cell, size: Size) -> None:
    """Raise if a structured cell removes nothing, because of the guard's floors.

    Raises:
        InvalidCell: every weight is kept.
    """
    is_whole = size.density_reachable == 1
    if cell.scheme.is_structured and cell.density is not None and cell.density < 1 and is_whole:
        raise InvalidCell(
            f"{cell.slug} would remove nothing: the guard keeps every layer whole (floors, "
            "`protect`, and the last layer, whose neurons are the classes). Lower "
            'guard.floor_channels, change guard.protect, or set compress.guard = "off".'
        )


class InvalidCell(UsageError):
    """A cell of the grid cannot work on the network."""


class InvalidSearch(UsageError):
    """A search cannot work on the network or the device."""


def _key_of(error: MedtuiError) -> tuple[str, ...]:
    if isinstance(error, InvalidCell):
        return ("compress", "densities" if "density" in error.message else "schemes")
    if isinstance(error, InvalidSearch):
        return ("search", "low" if "search.low" in error.message else "objective")
    return ("data", "root") if isinstance(error, EnvironmentProblem) else ()


def main() -> int:
    """Read a request from stdin and send the result or the error."""
    seconds_start = time.time() - psutil.Process().create_time()
    writer = MessageWriter()
    request = read_request(PreflightRequest)
    try:
        preset = parse_preset(request.preset, "the preset")
        writer.send(forecast(preset, is_measured=request.is_measured, seconds_start=seconds_start))
    except MedtuiError as error:
        writer.send(msgspec.structs.replace(Failed.of(error), key=error.key or _key_of(error)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
