"""`--dry-run`: prints the grid, the data and what each run would keep."""

from collections.abc import Iterator

import msgspec

from medtui.analysis.power import describe_forecast
from medtui.cli.json_lines import print_object
from medtui.cli.table import render_table
from medtui.jobs.launcher import describe_estimate
from medtui.preset import Preset, count_runs, describe_compressions, describe_searches
from medtui.protocol.model_size import LayerSize
from medtui.protocol.preflight import CellForecast, Preflight
from medtui.units import MISSING, format_count, format_density, format_percent, plural


def print_forecast(preset: Preset, forecast: Preflight, *, as_json: bool) -> None:
    """Print what a study would run and keep."""
    if as_json:
        facts = msgspec.to_builtins(forecast)
        cells, impossible = facts.pop("cells"), facts.pop("impossible")
        count = count_runs(preset)
        search = preset.search and preset.search.model_dump(mode="json")
        print_object({"kind": "study", "name": preset.name, "num_runs": count, "search": search}
                     | facts)  # fmt: skip
        for cell in cells:
            print_object({"kind": "cell", **cell})
        for cell in impossible:
            print_object({"kind": "impossible", **cell})
        return
    print("\n".join(_facts(preset, forecast)))
    if forecast.cells:
        print()
        print(_grid(forecast.cells))
        print()
        print(_layers(forecast.cells))
    for cell in forecast.cells:
        for note in cell.notes:
            print(f"  {cell.slug}: {note}")
    for impossible in forecast.impossible:
        print(f"  {impossible.slug} is left out: {impossible.reason}")
    print("\nNothing was started.")


def _facts(preset: Preset, forecast: Preflight) -> Iterator[str]:
    parts = {"train": forecast.num_train, "val": forecast.num_val, "test": forecast.num_test}
    counts = ", ".join(f"{part} {format_count(count)}" for part, count in parts.items())
    patients = plural(forecast.num_patients, "patient")
    known = patients if forecast.num_patients else "patients unknown"
    images = f"{format_count(sum(parts.values()))} images ({counts})"
    lc, seeds = preset.lc, preset.reference.seeds
    dense = "the reference" if len(seeds) == 1 else f"{len(seeds)} references"
    yield f"study      {preset.name}: {dense} and {describe_compressions(preset)}"
    if searches := describe_searches(preset):
        yield f"search     {searches}"
    yield f"data       {preset.data.card}: {images}, {known}"
    positive = f"; positive: {forecast.positive_class}" if forecast.positive_class else ""
    yield f"classes    {', '.join(forecast.classes)}{positive}"
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in forecast.class_weights.items())
    if len(set(forecast.class_weights.values())) > 1:
        yield f"weights    {forecast.class_weight_rule}: {weights}"
    if forecast.decisions:
        yield f"decisions  {forecast.decisions}"
    yield from _reference(preset, forecast)
    cycles, steps = plural(lc.cycles, "cycle"), plural(lc.steps, "step")
    yield f"L-C        {cycles} of {steps}, {plural(lc.batch_size, 'image')} each"
    budget = f"{forecast.penalty_budget:.3g}"
    yield f"penalty    budget {budget}; below 3, L-C differs little from direct compression"
    if forecast.estimate is not None:
        yield f"estimate   {describe_estimate(forecast.estimate)}"
    yield from _sizes(forecast)
    if forecast.power is not None:
        power = describe_forecast(forecast.power, preset.evaluate.margin)
        yield from map("power      {}".format, power)
    for note in forecast.notes:
        yield f"note       {note}"


def _sizes(forecast: Preflight) -> Iterator[str]:
    """Yield the weights that no pixel reaches, and the width of the network from scratch."""
    if forecast.cells and (unreachable := forecast.cells[0].num_weights_unreachable):
        total = forecast.cells[0].num_weights
        yield (
            f"unreached  {format_count(unreachable)} of {format_count(total)} weights "
            f"({_share(unreachable, total)}) only ever multiply padding at this image size"
        )
    if found := forecast.scratch:
        yield (
            f"scratch    about {found.width:.2g} of the channels, "
            f"{format_count(found.num_parameters)} parameters, for the "
            f"{format_count(found.target)} that {found.target_run} keeps"
        )


def _reference(preset: Preset, forecast: Preflight) -> Iterator[str]:
    """Yield how the references are made."""
    reference = preset.reference
    seeds = reference.seeds
    if preset.model.weights:
        yield f"reference  {preset.model.architecture}, from {preset.model.weights}"
    else:
        which = f", seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else ""
        yield f"reference  {preset.model.architecture}, {reference.epochs} epochs{which}"
    if found := forecast.initial:
        yield f"initial    {found.path}: {found.sentence}"
        if frozen := reference.freeze_epochs:
            yield f"frozen     all but the layer of the classes for {plural(frozen, 'epoch')}"


def _grid(cells: list[CellForecast]) -> str:
    headers = (
        "run", "scheme", "density", "weights kept", "of", "kept", "reachable kept",
        "filters kept", "removable", "MACs kept", "shrunk: weights", "shrunk: MACs",
        "empty layers",
    )  # fmt: skip
    rows = [
        [
            cell.slug,
            cell.scheme,
            format_density(cell.density),
            format_count(cell.num_weights_kept),
            format_count(cell.num_weights),
            _share(cell.num_weights_kept, cell.num_weights),
            format_percent(cell.density_reachable),
            _share(*cell.structures_kept),
            format_percent(found.removable) if (found := cell.shrinkage) else MISSING,
            _share(*cell.macs_kept),
            _share(found.size.num_parameters, cell.num_parameters) if found else MISSING,
            _share(found.size.macs, cell.macs_kept[1]) if found else MISSING,
            ", ".join(cell.layers_emptied) or "none",
        ]
        for cell in cells
    ]
    return render_table(headers, rows, num_keys=2)


def _layers(cells: list[CellForecast]) -> str:
    """Return the share of weights, and of whole filters, that each layer keeps."""
    first_of = {(cell.scheme, cell.density): cell for cell in reversed(cells)}
    shown = [cell for cell in cells if first_of[cell.scheme, cell.density] is cell]
    headers = ["layer", "weights", *(cell.slug for cell in shown)]
    rows = [
        [layers[0].name, format_count(layers[0].num_weights), *map(_kept, layers)]
        for layers in zip(*(cell.layers for cell in shown), strict=True)
    ]
    return render_table(headers, rows)


def _kept(layer: LayerSize) -> str:
    share = _share(layer.num_nonzero, layer.num_weights)
    if layer.num_structures_kept == layer.num_structures:
        return share
    return f"{layer.num_structures_kept} of {layer.num_structures}, {share}"


def _share(kept: int, total: int) -> str:
    return format_percent(kept / max(1, total))
