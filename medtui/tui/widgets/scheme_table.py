"""Schemes by densities: which are chosen, and what each cell would keep."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text
from textual.binding import Binding

from medtui.preset import Preset, Quantize, Scheme, named_schemes
from medtui.tui.colours import Colours
from medtui.tui.widgets.framed import Panel
from medtui.tui.widgets.table import Column, RecordTable
from medtui.units import format_count, format_density, format_percent

if TYPE_CHECKING:
    from medtui.launch import CellForecast

_MOST_DENSITIES = 6

Forecasts = Mapping[tuple[str, float | None], "CellForecast"]
"""Scheme and density to what the cell would leave."""


class SchemeTable(RecordTable):
    """One row a scheme, one column a density."""

    BINDINGS = [Binding("enter", "select_cursor", "Choose", show=False)]

    def __init__(self) -> None:
        super().__init__([Column("mark", "", 1), Column("scheme", "scheme", 26)], id="schemes")
        self.border_title = "Schemes × densities"

    def show_grid(self, preset: Preset, forecasts: Forecasts, colours: Colours) -> None:
        """Bring the table up to date."""
        densities = preset.compress.densities[:_MOST_DENSITIES]
        self.set_columns([
            Column("mark", "", 1),
            Column("scheme", "scheme", 26),
            *(Column(f"d{index}", format_density(density), 8, rank=index, justify="right")
              for index, density in enumerate(densities)),
            Column("kind", "", 10, rank=9, grows=True),
        ])  # fmt: skip
        known = preset.compress.known_schemes()
        self.show({
            name: self._row(scheme, preset, forecasts, colours) for name, scheme in known.items()
        })  # fmt: skip

    def _row(
        self, scheme: Scheme, preset: Preset, forecasts: Forecasts, colours: Colours
    ) -> dict[str, Text]:
        is_chosen = scheme.name in preset.compress.schemes
        style = colours.strong if is_chosen else colours.muted
        row = {
            "mark": Text("■" if is_chosen else "□", colours.accent if is_chosen else colours.muted),
            "scheme": Text(scheme.name, style),
            "kind": Text(_kind(scheme), colours.muted),
        }
        densities = preset.compress.densities if scheme.takes_density else (None,)
        for index, density in enumerate(densities[:_MOST_DENSITIES]):
            if is_chosen:
                row[f"d{index}"] = _cell(forecasts.get((scheme.name, density)), colours)
        return row


class SchemeDetails(Panel):
    """What the scheme under the cursor does, and what it would leave."""

    def show(
        self, scheme: Scheme | None, preset: Preset, forecasts: Forecasts, colours: Colours
    ) -> None:
        """Bring the text up to date."""
        if scheme is None:
            return
        self.caption(scheme.name)
        text = Text(describe(scheme) + "\n")
        text.append(_what_for(scheme) + "\n", style=colours.muted)
        text.append(_guard_line(scheme, preset) + "\n", style=colours.muted)
        densities = preset.compress.densities if scheme.takes_density else (None,)
        for density in densities:
            forecast = forecasts.get((scheme.name, density))
            if forecast is not None:
                text.append_text(_forecast_line(forecast, density, colours))
        text.rstrip()
        self.show_text(text)


def describe(scheme: Scheme) -> str:
    """Say what a scheme does, in the words its operators have for themselves."""
    sentences: list[str] = []
    for operator in scheme.operators:
        sentence = (type(operator).__doc__ or "").split("\n")[0].rstrip(".")
        if isinstance(operator, Quantize):
            sentence = f"stores weights as {operator.dtype}"
        sentences.append(sentence if not sentences else sentence[:1].lower() + sentence[1:])
    text = ", then ".join(sentences)
    return text[:1].upper() + text[1:] + "."


def all_schemes(preset: Preset | None) -> dict[str, Scheme]:
    """Give every scheme that can be chosen."""
    return named_schemes() if preset is None else preset.compress.known_schemes()


def _kind(scheme: Scheme) -> str:
    if scheme.is_structured:
        return "smaller"
    return "packed" if scheme.takes_density else "half bytes" if "16" in scheme.name else ""


def _what_for(scheme: Scheme) -> str:
    if scheme.is_structured:
        return "Whole structures go: the network itself can become smaller and faster."
    if scheme.takes_density:
        return "Weights become zero: the file packs smaller; the network is not faster by itself."
    return "Takes no density."


def _guard_line(scheme: Scheme, preset: Preset) -> str:
    """Say what the guard does about a scheme."""
    guard = preset.guard
    if preset.compress.guard == "off":
        emptied = " Whole layers may be emptied, as in the study." if scheme.is_structured else ""
        return f"Guard off: stock Condensa.{emptied}"
    if not scheme.is_structured:
        return "Guard: measures BatchNorm anew before every evaluation."
    whole = ", ".join(guard.protect) or "no layer"
    return (
        f"Guard: every layer keeps {guard.floor_channels} filters and "
        f"{format_percent(guard.floor_share, 0)} at least; {whole} stay whole; BatchNorm is "
        "measured anew."
    )


def _cell(forecast: "CellForecast | None", colours: Colours) -> Text:
    if forecast is None:
        return Text("■", colours.accent)
    share = forecast.num_weights_kept / max(1, forecast.num_weights)
    if forecast.layers_emptied:
        return Text(f"⚠ {format_percent(share, 0)}", colours.warning)
    return Text(format_percent(share, 0 if share >= 0.1 else 1), colours.good)  # noqa: PLR2004 - below a tenth, whole percents say little


def _forecast_line(forecast: "CellForecast", density: float | None, colours: Colours) -> Text:
    text = Text()
    if density is not None:
        text.append(f"{format_density(density):>6}  ", colours.accent)
    text.append(
        f"keeps {format_count(forecast.num_weights_kept)} of "
        f"{format_count(forecast.num_weights)} weights"
    )
    kept, total = forecast.structures_kept
    if kept < total:
        text.append(f", {format_count(kept)} of {format_count(total)} filters and neurons")
    if forecast.layers_emptied:
        text.append(f"; empties {', '.join(forecast.layers_emptied)}", colours.warning)
    text.append("\n")
    return text
