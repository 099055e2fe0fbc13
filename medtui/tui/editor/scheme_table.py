"""Schemes by densities: which cells are selected, and what each is expected to keep."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.preset import Preset, Scheme, describe_searches, named_schemes
from medtui.tui.bindings import bind
from medtui.tui.editor.grid import Place, chosen_places
from medtui.tui.widgets.panel import TextPanel
from medtui.tui.widgets.table import Column, RecordTable
from medtui.units import format_count, format_density, format_percent

if TYPE_CHECKING:
    from medtui.protocol.preflight import CellForecast

_MOST_DENSITIES = 12
_SEARCH = Column("search", "search", 6, justify="right")
_SCHEME = Column("scheme", "scheme", 18, grows=True, most=28)

_TITLE = "Schemes × densities"
_HEADER = 1
"""Rows of the columns' names."""

Forecasts = Mapping[Place, "CellForecast"]
"""What each cell is expected to keep."""


class SchemeTable(RecordTable):
    """One row per scheme, one column per density; the cursor is on a cell or a scheme's name."""

    BINDINGS = [
        bind("open", "select_cursor", "Select", "Select or deselect the cell", shown=False),
        bind("inspect", "cursor_right", "Right", "Move to the next cell", shown=False),
        bind("inspect_back", "cursor_left", "Left", "Move to the previous cell", shown=False),
    ]

    def __init__(self) -> None:
        super().__init__([_SCHEME], id="schemes")
        self.border_title = _TITLE
        self.cursor_type = "cell"
        self._densities: tuple[float, ...] = ()
        self._chosen_rows: tuple[bool, ...] = ()
        """Whether each row's scheme is run or searched."""

    @property
    def density(self) -> float | None:
        """The density of the column under the cursor; None on a scheme's name."""
        key = self._column_key
        return self._densities[int(key[1:])] if key.startswith("d") else None

    @property
    def is_on_search(self) -> bool:
        """Whether the cursor is in the column of searches."""
        return self._column_key == _SEARCH.key

    @property
    def _column_key(self) -> str:
        at = self.cursor_column
        return self._fitted[at][0].key if at < len(self._fitted) else ""

    def show_grid(self, preset: Preset, forecasts: Forecasts, colours: Colours) -> None:
        self._densities = preset.compress.densities[:_MOST_DENSITIES]
        self.set_columns([
            _SCHEME,
            *(Column(f"d{index}", format_density(density), 6, rank=index, justify="right")
              for index, density in enumerate(self._densities)),
            _SEARCH,
            Column("kind", "kind", 10, rank=len(self._densities)),
        ])  # fmt: skip
        chosen = chosen_places(preset)
        looked_for = preset.search.scheme if preset.search else ()
        known = preset.compress.listed_schemes().values()
        self.show({
            scheme.name: self._row(scheme, chosen, forecasts, colours)
            | ({"search": _mark(colours, is_chosen=scheme.name in looked_for)}
               if scheme.takes_density else {})
            for scheme in known
        })  # fmt: skip
        names = {name for name, _ in chosen} | {*looked_for}
        self._chosen_rows = tuple(scheme.name in names for scheme in known)
        self._count_chosen()

    def on_resize(self) -> None:
        """Count again the chosen schemes out of view."""
        super().on_resize()
        self._count_chosen()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Count again the chosen schemes out of view."""
        super().watch_scroll_y(old_value, new_value)
        self._count_chosen()

    def _count_chosen(self) -> None:
        """Show below how many schemes are chosen, and how many of them are out of view."""
        first, shown = round(self.scroll_y), self.scrollable_content_region.height - _HEADER
        self.caption(_TITLE, Text(chosen_text(self._chosen_rows, first, max(0, shown))))

    def _row(
        self, scheme: Scheme, chosen: set[Place], forecasts: Forecasts, colours: Colours
    ) -> dict[str, Text]:
        is_chosen = any(name == scheme.name for name, _ in chosen)
        name = Text.assemble(_mark(colours, is_chosen=is_chosen), " ", scheme.name)
        name.stylize(colours.strong if is_chosen else colours.muted, 2)
        row = {"scheme": name, "kind": Text(_kind(scheme), colours.muted)}
        for index, density in enumerate(self._densities if scheme.takes_density else ()):
            place = (scheme.name, density)
            row[f"d{index}"] = (
                _cell(forecasts.get(place), colours)
                if place in chosen
                else _mark(colours, is_chosen=False)
            )
        return row


def chosen_text(are_chosen: Sequence[bool], first: int, num_shown: int) -> str:
    """Return `4 of 15 chosen, 2 below`, where rows from `first` on are in view."""
    above, below = sum(are_chosen[:first]), sum(are_chosen[first + num_shown :])
    places = [(above, "above"), (below, "below" if num_shown else "")]
    parts = [f"{number} {place}" for number, place in places if number and place]
    return ", ".join([f"{sum(are_chosen)} of {len(are_chosen)} chosen", *parts])


class SchemeDetails(TextPanel):
    """What the scheme under the cursor does, and what it is expected to keep."""

    def show_search(self, name: str, preset: Preset, colours: Colours) -> None:
        """Show what a search does for the scheme, or would do."""
        self.caption(f"{name} × search")
        is_searched = preset.search is not None and name in preset.search.scheme
        text = Text()
        if not preset.compress.scheme(name).takes_density:
            text.append("This scheme has no density to search for.", style=colours.muted)
        elif is_searched:
            text.append(f"{describe_searches(preset)}.\n")
            text.append(
                "Its settings are below. Press Space to remove it from the search.",
                style=colours.muted,
            )
        else:
            text.append("Press Space to search for its best density: the one with the lowest "
                        "cost whose val metric stays within the bound.", colours.muted)  # fmt: skip
        self.show_text(text)

    def show(self, place: Place, preset: Preset, forecasts: Forecasts, colours: Colours) -> None:
        """Show a cell; without a density, all of the scheme's cells."""
        name, density = place
        scheme = preset.compress.known_schemes().get(name)
        if scheme is None:
            return
        self.caption(scheme.name)
        text = Text(describe(scheme) + "\n")
        text.append(_effect(scheme) + "\n", style=colours.muted)
        text.append(_guard_line(scheme, preset) + "\n", style=colours.muted)
        if line := _unreachable_line(forecasts):
            text.append(line + "\n", style=colours.muted)
        for (forecast_name, asked), forecast in forecasts.items():
            if forecast_name == name and (density is None or asked in {None, density}):
                text.append_text(_forecast_line(forecast, asked, colours))
        text.rstrip()
        self.show_text(text)


def describe(scheme: Scheme) -> str:
    """Return a sentence on what a scheme does, from the docstrings of its operators."""
    effects = [operator.effect for operator in scheme.operators]
    text = ", then ".join(f"{effect[:1].lower()}{effect[1:]}" for effect in effects)
    once = ", once and without L-C" if scheme.direct else ""
    return f"{text[:1].upper()}{text[1:]}{once}."


def all_schemes(preset: Preset | None) -> dict[str, Scheme]:
    """Return every scheme that can be chosen."""
    return named_schemes() if preset is None else preset.compress.listed_schemes()


def _kind(scheme: Scheme) -> str:
    if scheme.is_grouped:
        return "shrinkable"
    if scheme.is_structured:
        return "structured"
    return "sparse" if scheme.takes_density else "half size" if "16" in scheme.name else ""


def _effect(scheme: Scheme) -> str:
    if scheme.is_grouped:
        return (
            "All pruned groups can be removed from the network, which becomes smaller and faster."
        )
    if scheme.is_structured:
        return "Prunes whole structures; those that other layers need remain as zeros."
    if scheme.takes_density:
        return "Sets weights to zero: the sparse size is smaller; inference is not faster."
    return "This scheme has no density."


def _guard_line(scheme: Scheme, preset: Preset) -> str:
    """Return what the guard does about a scheme."""
    guard = preset.guard
    if (scheme.guard or preset.compress.guard) == "off":
        emptied = (
            " Whole layers may collapse, as in the original study." if scheme.is_structured else ""
        )
        return f"Guard off: stock Condensa.{emptied}"
    if not scheme.is_structured:
        return "Guard: BatchNorm statistics are re-estimated before every evaluation."
    whole = ", ".join(guard.protect) or "no layer"
    if scheme.is_grouped:
        whole = f"groups with only {whole.replace(', ', ' or ')}"
    return (
        f"Guard: every layer keeps at least {guard.floor_channels} filters and "
        f"{format_percent(guard.floor_share, 0)} of them; not pruned: {whole}; BatchNorm "
        "statistics are re-estimated."
    )


def _unreachable_line(forecasts: Forecasts) -> str:
    """Return how many weights no pixel reaches; empty if there are none, or before the check."""
    forecast = next(iter(forecasts.values()), None)
    if forecast is None or not forecast.num_weights_unreachable:
        return ""
    share = forecast.num_weights_unreachable / forecast.num_weights
    return (
        f"{format_percent(share)} of the weights only ever multiply padding at this image size: "
        "no pixel reaches them."
    )


def _mark(colours: Colours, *, is_chosen: bool) -> Text:
    return Text("■", colours.accent) if is_chosen else Text("□", colours.muted)


def _cell(forecast: "CellForecast | None", colours: Colours) -> Text:
    if forecast is None:
        return _mark(colours, is_chosen=True)
    share = forecast.num_weights_kept / max(1, forecast.num_weights)
    if forecast.layers_emptied:
        said = "<1 %" if share < 0.01 else format_percent(share, 0)  # noqa: PLR2004 - a percent
        return Text(f"⚠ {said}", colours.warning)
    return Text(format_percent(share, 0 if share >= 0.1 else 1), colours.good)  # noqa: PLR2004 - below a tenth, a decimal is needed


def _forecast_line(forecast: "CellForecast", density: float | None, colours: Colours) -> Text:
    text = Text()
    if density is not None:
        text.append(f"{format_density(density):>6}  ", colours.accent)
    if found := forecast.shrinkage:
        masked, removable = (format_percent(each, 0) for each in (found.masked, found.removable))
        weights = [found.size.num_parameters, forecast.num_parameters]
        text.append(
            f"{masked} of the filters masked, {removable} removable; shrunk: "
            f"{' of '.join(map(format_count, weights))} weights"
        )
    else:
        text.append_text(_weights_kept(forecast))
    if forecast.num_weights_unreachable:
        text.append(
            f"; {format_percent(forecast.density_reachable)} of the weights that a pixel reaches"
        )
    if forecast.layers_emptied:
        text.append(f"; leaves no weight in {', '.join(forecast.layers_emptied)}", colours.warning)
    for note in forecast.notes:
        text.append(f"\n{note}", colours.warning)
    text.append("\n")
    return text


def _weights_kept(forecast: "CellForecast") -> Text:
    text = Text(
        f"keeps {format_count(forecast.num_weights_kept)} of "
        f"{format_count(forecast.num_weights)} weights"
    )
    kept, total = forecast.structures_kept
    if kept < total:
        text.append(f", {format_count(kept)} of {format_count(total)} filters and neurons")
    return text
