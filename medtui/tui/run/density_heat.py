"""Densities of the layers over the cycles, as a strip of digits on coloured cells."""

from medtui.charts.palette import Colours
from medtui.monitor.run_view import RunView
from medtui.tui.run.sheet import Sheet, cut
from medtui.units import plural

_CELL = 3
_LONGEST_NAME = 22
_GAP = "…"
_ALL = 0.9995
_BRIGHT = 4
"""From this place on, backgrounds are so strong that text on them takes the ground's colour."""


def density_sheet(
    view: RunView, width: int, colours: Colours, *, is_ascii: bool = False, is_sorted: bool = False
) -> Sheet:
    """Return one row for each layer: tenths that are kept after each cycle.

    Where not all cycles fit, the first and the latest are shown.
    """
    sheet = Sheet(width, colours, is_ascii)
    measured = [cycle for cycle in view.cycles if cycle.densities]
    if not measured:
        sheet.line(_empty(view), colours.muted)
        return sheet
    layers = list(measured[-1].densities)
    if is_sorted:
        layers.sort(key=lambda name: measured[-1].densities[name])
    label = min(_LONGEST_NAME, max(len(_short(name)) for name in layers), max(8, width // 3))
    last = view.num_planned - 1 if view.result is None else measured[-1].cycle
    shown = _columns(last + 1, (width - label - 3) // _CELL, measured[-1].cycle)
    by_cycle = {cycle.cycle: cycle for cycle in measured}
    _write_cycles(sheet, shown, label)
    for name in layers:
        sheet.row()
        sheet.put(1, cut(_short(name), label), colours.muted)
        for place, number in enumerate(shown):
            column = 2 + label + place * _CELL
            cycle = by_cycle.get(number) if number is not None else None
            if number is None:
                sheet.put(column + 1, _GAP, colours.faint)
            elif cycle is None or name not in cycle.densities:
                sheet.put(column + 1, "·", colours.faint)
            else:
                _write_cell(sheet, column, cycle.densities[name], is_dead=name in cycle.dead_layers)
    return sheet


def density_caption(view: RunView) -> tuple[str, str, bool]:
    """Return the pane's title, what stands beside it, and whether layers are dead."""
    dead = len(view.dead_layers)
    beside = f"{dead} dead" if dead else f"{len(view.densities)} alive" if view.densities else ""
    return "Density by layer and cycle", beside, bool(dead)


def brief_density(view: RunView, width: int, colours: Colours) -> Sheet:
    """Return the lowest and the median layer and the whole network, for small terminals."""
    sheet = Sheet(width, colours)
    measured = [cycle for cycle in view.cycles if cycle.densities]
    if not measured:
        sheet.line(_empty(view), colours.muted)
        return sheet
    label = 8
    last = view.num_planned - 1 if view.result is None else measured[-1].cycle
    shown = _columns(last + 1, (width - label - 3) // _CELL, measured[-1].cycle)
    _write_cycles(sheet, shown, label, name="density")
    lowest = min(measured[-1].densities, key=measured[-1].densities.__getitem__)
    by_cycle = {cycle.cycle: cycle for cycle in measured}
    for name in ("lowest", "median", "all"):
        sheet.row()
        sheet.put(1, name, colours.muted)
        for place, number in enumerate(shown):
            column = 2 + label + place * _CELL
            cycle = by_cycle.get(number) if number is not None else None
            if cycle is None:
                sheet.put(column + 1, _GAP if number is None else "·", colours.faint)
                continue
            ordered = sorted(cycle.densities.values())
            values = {"lowest": cycle.densities.get(lowest, 0.0),
                      "median": ordered[len(ordered) // 2],
                      "all": cycle.density or 0.0}  # fmt: skip
            _write_cell(sheet, column, values[name], is_dead=values[name] == 0)
    dead = len(view.dead_layers)
    said = f"{plural(dead, 'dead layer')}: {view.dead_layers[0]}" if dead else (
        f"{plural(len(view.densities), 'layer')} alive; lowest {_short(lowest)}")  # fmt: skip
    sheet.line(said, colours.bad if dead else colours.muted)
    return sheet


def _empty(view: RunView) -> str:
    if view.stage == "reference":
        return "a reference keeps all weights"
    is_over = view.is_over
    return "no cycle was recorded" if is_over else "shown after the first cycle"


def _write_cycles(sheet: Sheet, shown: list[int | None], label: int, name: str = "cycle") -> None:
    sheet.row()
    sheet.put(1, name, sheet.colours.muted)
    for place, number in enumerate(shown):
        if number is not None:
            sheet.right(2 + label + place * _CELL + 2 + (number > 99), str(number),  # noqa: PLR2004 - three digits
                        sheet.colours.muted)  # fmt: skip


def _columns(num_cycles: int, room: int, latest: int) -> list[int | None]:
    """Return the cycles that have a column; None is a gap in them."""
    if num_cycles <= room:
        return list(range(num_cycles))
    if room < 3:  # noqa: PLR2004 - the first, a gap and the latest
        return list(range(max(0, latest - room + 1), latest + 1))
    end = max(latest + 1, room)
    first = end - (room - 2)
    return [0, None, *range(first, end)] if first > 1 else list(range(room))


def _write_cell(sheet: Sheet, column: int, density: float, *, is_dead: bool) -> None:
    heat = sheet.colours.heat
    level = 0 if is_dead else 1 + min(len(heat) - 2, int(density * (len(heat) - 1)))
    tenths = " 10" if density >= _ALL else f" {int(density * 10 + 1e-9)} "
    glyph = " ✗ " if is_dead else tenths
    colours = sheet.colours
    colour = colours.bad if is_dead else colours.ground if level > _BRIGHT else colours.text
    sheet.put(column, glyph, colour, is_bold=is_dead, back=heat[level])


def _short(name: str) -> str:
    return name.replace("downsample.0", "down")
