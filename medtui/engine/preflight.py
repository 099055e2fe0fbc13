"""Child process that checks a preset before it is started: `python -m medtui.engine.preflight`.

It applies each scheme to a copy of the untrained network, and sends a `Preflight`, or the reason
why the preset cannot run.
"""

import os
import sys
import time
from copy import deepcopy

import msgspec
import psutil
from torch import nn

from medtui.datasets.class_weights import describe_weights
from medtui.datasets.findings import by_rank, require_accepted, sentences
from medtui.datasets.power import forecast_power
from medtui.datasets.site import check_site
from medtui.datasets.summary import DatasetSummary, summarise_dataset
from medtui.engine.cell_forecast import InvalidCell, UntrainedNetwork, forecast_cell, forecast_grid
from medtui.engine.estimate import estimate
from medtui.engine.lc.penalty_budget import LOW_BUDGET, penalty_budget
from medtui.engine.run.device import choose_device
from medtui.engine.scratch_forecast import forecast_scratch
from medtui.engine.training.given_weights import load_weights
from medtui.engine.training.network import build_network, require_image_size
from medtui.engine.training.pretrained import initialise
from medtui.errors import EnvironmentProblem, MedtuiError, UsageError
from medtui.fork_server.protocol import IMPORT_SECONDS
from medtui.jobs.device_slots import (
    explain_device,
    explain_jobs,
    explain_others,
    explain_runs_per_gpu,
    explain_threads,
    explain_workers,
)
from medtui.metrics.threshold_rule import describe_decisions
from medtui.preset import (
    Cell,
    LcSettings,
    Preset,
    grid_cells,
    omit_runs,
    parse_preset,
)
from medtui.protocol.initial_weights import InitialWeights
from medtui.protocol.outcome import Failed, error_class
from medtui.protocol.preflight import CellForecast, ImpossibleCell, Preflight, PreflightRequest
from medtui.protocol.stdio import MessageWriter, leave, read_request
from medtui.runs.run_names import is_compression
from medtui.units import plural
from medtui.user_folders import expand_home

FORK_SECONDS = 0.1
"""Until a worker that is forked computes, see `benchmarks/startup.md`; others are started."""


def forecast(
    preset: Preset,
    *,
    is_measured: bool = False,
    seconds_start: float = 0.0,
    seconds_fork: float = 0.0,
    skips_impossible: bool = False,
) -> Preflight:
    """Return the data set's counts and each cell's forecast; with `is_measured`, an estimate too.

    `seconds_start` is the time until a study's first worker computes, and `seconds_fork` that of
    each further one, for the estimate. With `skips_impossible`, cells that cannot work on the
    network are left out.

    Raises:
        UsageError: a cell of the grid cannot work on this network, or the weights do not fit it.
        MedtuiError: the data set cannot be used, or has errors that the preset does not accept.
    """
    survey = summarise_dataset(preset.data)
    require_accepted(survey.findings, preset.data.accept)
    _check_sites(preset, survey)
    network, initial = _build_network(preset, survey)
    untrained = UntrainedNetwork.of(network, (survey.channels, survey.size, survey.size))
    searched = _forecast_search(preset, untrained)
    cells, impossible = forecast_grid(preset, untrained)
    _require_possible(preset, cells, impossible, skips_impossible=skips_impossible)
    preset = omit_runs(preset, [cell.slug for cell in impossible])
    scratch, narrowed = forecast_scratch(
        preset, [*cells, *searched], untrained.image_shape, len(survey.classes)
    )
    found = msgspec.structs.replace(
        _describe_study(preset, survey),
        cells=cells,
        impossible=impossible,
        scratch=scratch,
        initial=initial,
    )
    if not is_measured:
        return found
    measured = estimate(
        preset, survey, untrained.network, narrowed,
        seconds_start=seconds_start, seconds_fork=seconds_fork,
    )  # fmt: skip
    return msgspec.structs.replace(found, estimate=measured)


def _check_sites(preset: Preset, survey: DatasetSummary) -> None:
    """Check that the data sets of `[[external]]` are there, before hours are spent.

    Raises:
        MedtuiError: one cannot be read, or shares no class with the preset's data set.
    """
    for position, site in enumerate(preset.external):
        try:
            check_site(site, survey.classes, survey.task)
        except MedtuiError as error:
            kind = error_class(error.exit_code)
            key = ("external", str(position), *error.key[-1:])
            raise kind(f"{site.name}: {error.message}", hint=error.hint, key=key) from error


def _build_network(
    preset: Preset, survey: DatasetSummary
) -> tuple[nn.Module, InitialWeights | None]:
    """Return the untrained network, after a trial of the weights that the preset names.

    Raises:
        UnreadableFile: the file of `model.weights` or `model.init` is missing or cannot be read.
        UsageError: torchvision has no such network, or it cannot take images of this size, or the
            weights do not fit it.
    """
    network = build_network(
        preset.model.architecture,
        channels=survey.channels,
        num_classes=len(survey.classes),
        seed=preset.reference.seed,
    )
    require_image_size(
        network, preset.model.architecture, (survey.channels, survey.size, survey.size)
    )
    if preset.model.weights:
        load_weights(deepcopy(network), expand_home(preset.model.weights))
    path = preset.model.init
    return network, initialise(deepcopy(network), expand_home(path)) if path else None


def _require_possible(
    preset: Preset,
    cells: list[CellForecast],
    impossible: list[ImpossibleCell],
    *,
    skips_impossible: bool,
) -> None:
    """Raise if cells cannot work and are not left out, or if no other remains.

    Raises:
        InvalidCell: with every such cell and its reason.
    """
    is_empty = not any(is_compression(cell.slug) for cell in cells)
    if not impossible or (skips_impossible and not is_empty):
        return
    hint = "" if is_empty else "To leave such runs out, use --skip-impossible or compress.omit."
    if len(impossible) == 1:
        raise InvalidCell(impossible[0].reason, hint=hint)
    count, total = len(impossible), len(grid_cells(preset))
    lines = "\n".join(f"  {cell.slug}: {cell.reason}" for cell in impossible)
    raise InvalidCell(f"{count} of {plural(total, 'compression')} cannot work:\n{lines}", hint=hint)


def _describe_study(preset: Preset, survey: DatasetSummary) -> Preflight:
    """Return what is known without trying a cell."""
    train, val, test = survey.splits
    budget = penalty_budget(preset.lc)
    notes = [
        *_notes_on_machine(preset),
        explain_threads(preset),
        _low_budget_note(preset.lc, budget),
    ]
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
        cells=[],
        penalty_budget=budget,
        notes=[*sentences(by_rank(survey.findings)), *filter(None, notes)],
        power=forecast_power(survey),
    )


def _decisions(preset: Preset, survey: DatasetSummary) -> str:
    """Return how answers of a multi-label task are decided; empty in single-label tasks."""
    none = survey.none_class if preset.evaluate.none_class == "exclusive" else None
    rule = preset.evaluate.thresholds
    return describe_decisions(rule, none) if survey.task == "multi" else ""


def _notes_on_machine(preset: Preset) -> list[str]:
    """Return what is to be known of the devices; a cluster decides about its own."""
    machine = preset.machine
    if machine.scheduler != "local":
        return [explain_jobs(machine)]
    return [
        explain_device(machine),
        explain_others(machine),
        explain_workers(machine),
        explain_runs_per_gpu(machine),
    ]


def _low_budget_note(lc: LcSettings, budget: float) -> str | None:
    if budget >= LOW_BUDGET or lc.cycles <= 1:
        return None
    return (
        f"penalty budget B = {budget:.2f} is low: the result will be close to direct compression. "
        f"Set lc.mu_init = {lc.mu_init * 10 / budget:.2g} for a budget of 10."
    )


def _forecast_search(preset: Preset, untrained: UntrainedNetwork) -> list[CellForecast]:
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
            cells.append(forecast_cell(preset, cell, untrained))
        except InvalidCell as error:
            raise InvalidSearch(f"search.low: {error.message}") from error
    if search.objective == "memory" and choose_device(preset.machine.device).type == "cpu":
        raise InvalidSearch(
            'search.objective = "memory" can be measured on a GPU only, and the device is a CPU. '
            'Set search.objective = "size".'
        )
    return cells


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
    # As long as this process took to start, a study's fork server or first worker will take.
    seconds_start = time.time() - psutil.Process().create_time()
    seconds_start += float(os.environ.get(IMPORT_SECONDS, "0"))
    writer = MessageWriter()
    request = read_request(PreflightRequest)
    try:
        preset = parse_preset(request.preset, "the preset")
        found = forecast(
            preset,
            is_measured=request.is_measured,
            seconds_start=seconds_start,
            seconds_fork=FORK_SECONDS if sys.platform == "linux" else seconds_start,
            skips_impossible=request.skips_impossible,
        )
        writer.send(found)
    except MedtuiError as error:
        writer.send(msgspec.structs.replace(Failed.of(error), key=error.key or _key_of(error)))
    return 0


if __name__ == "__main__":
    leave(main())
