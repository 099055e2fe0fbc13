"""New study, before the first step: the preset to start from."""

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message

from medtui.resources import preset_names
from medtui.tui.bindings import bind
from medtui.tui.editor.document import describe_preset, explain_preset
from medtui.tui.screens.layers import LayeredScreen
from medtui.tui.screens.prompt import Prompt
from medtui.tui.theme import colours_of
from medtui.tui.widgets.footer import FittedFooter
from medtui.tui.widgets.panel import TextPanel
from medtui.tui.widgets.table import Column, RecordTable
from medtui.tui.widgets.title_bar import TitleBar


def _is_card(path: Path) -> bool:
    """Return whether a file is named as `medtui data new` names cards."""
    return path.name == "card.toml" or path.name.endswith(".card.toml")


class NewStudyScreen(LayeredScreen[None]):
    """Lists the included presets and those in the working directory."""

    HELP = (
        "A preset defines a study: data, model, schemes, densities and settings. Select a preset "
        "to start from. The next screens show all of its settings, and you can change them before "
        "you start the study."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-broad")]

    BINDINGS = [
        bind("path", "path", "Open file", "Open a preset file by its path"),
        bind("close", "close", "Close", "Close the topmost layer", shown=False),
        bind("back", "back", "Back", "Go back to the studies"),
    ]

    @dataclass
    class PresetChosen(Message):
        """Start from a preset."""

        name_or_path: str
        """A packaged name or a path."""

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RecordTable(
            [
                Column("name", "preset", 24),
                Column("about", "description", 30, grows=True, most=110),
            ],
            id="presets",
        )
        yield TextPanel(id="about-preset")
        yield FittedFooter()

    def on_mount(self) -> None:
        colours = colours_of(self.app.current_theme)
        title = Text.assemble(("New study", "bold"), ("  start from a preset", colours.muted))
        self.query_one(TitleBar).show(title, Text())
        rows = {name: describe_preset(name) for name in preset_names()}
        rows |= {f"./{path.name}": "in the current folder" for path in sorted(Path().glob("*.toml"))
                 if path.name != "pyproject.toml" and not _is_card(path)}  # fmt: skip
        table = self.query_one(RecordTable)
        table.caption("Presets")
        table.show({
            name: {"name": Text(name, style="bold"), "about": Text(about, style=colours.muted)}
            for name, about in rows.items()
        })  # fmt: skip
        table.focus()
        self._explain(next(iter(rows)))

    def on_data_table_row_highlighted(self, event: RecordTable.RowHighlighted) -> None:
        if event.row_key.value is not None:
            self._explain(event.row_key.value)

    def on_data_table_row_selected(self, event: RecordTable.RowSelected) -> None:
        if event.row_key.value is not None:
            self.post_message(self.PresetChosen(event.row_key.value))

    def action_path(self) -> None:
        self.app.push_screen(Prompt("Path of a preset file:"), self._choose)

    def _explain(self, name: str) -> None:
        panel = self.query_one("#about-preset", TextPanel)
        panel.caption(name)
        panel.show_text(Text(explain_preset(name)))

    def _choose(self, path: str | None) -> None:
        if path:
            self.post_message(self.PresetChosen(path.strip()))
