"""New study, before the first step: which preset to start from."""

from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from medtui.resources import preset_names
from medtui.tui.bindings import bind
from medtui.tui.editor.document import describe_preset, tell_preset
from medtui.tui.screens.prompt import Prompt
from medtui.tui.theme import colours_of
from medtui.tui.widgets.footer import KeyBar
from medtui.tui.widgets.panel import Panel
from medtui.tui.widgets.table import Column, RecordTable
from medtui.tui.widgets.title_bar import TitleBar


class NewStudyScreen(Screen[None]):
    """Lists shipped presets and those in the working folder."""

    HELP = (
        "A preset says what a study does: data, model, schemes, densities, settings. Choose one to "
        "start from; the next screens show and change every part of it before anything is started."
    )

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-broad")]

    BINDINGS = [
        bind("p", "path", "Path", "Start from a preset file elsewhere"),
        bind("escape", "app.pop_screen", "Back", "Back to the studies"),
    ]

    class Chosen(Message):
        """A preset to start from."""

        def __init__(self, name_or_path: str) -> None:
            super().__init__()
            self.name_or_path = name_or_path
            """A shipped name or a path."""

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield TitleBar()
        yield RecordTable(
            [
                Column("name", "preset", 24),
                Column("about", "what it does", 30, grows=True, most=110),
            ],
            id="presets",
        )
        yield Panel(id="about-preset")
        yield KeyBar()

    def on_mount(self) -> None:
        """List the presets."""
        colours = colours_of(self.app.current_theme)
        title = Text.assemble(("New study", "bold"), ("  start from a preset", colours.muted))
        self.query_one(TitleBar).show(title, Text())
        rows = {name: describe_preset(name) for name in preset_names()}
        rows |= {f"./{path.name}": "in this folder" for path in sorted(Path().glob("*.toml"))
                 if path.name not in {"pyproject.toml", "card.toml"}}  # fmt: skip
        table = self.query_one(RecordTable)
        table.caption("Presets")
        table.show({
            name: {"name": Text(name, style="bold"), "about": Text(about, style=colours.muted)}
            for name, about in rows.items()
        })  # fmt: skip
        table.focus()
        self._tell(next(iter(rows)))

    def on_data_table_row_highlighted(self, event: RecordTable.RowHighlighted) -> None:
        """Tell more about the preset under the cursor."""
        if event.row_key.value is not None:
            self._tell(event.row_key.value)

    def on_data_table_row_selected(self, event: RecordTable.RowSelected) -> None:
        """Begin with the preset under the cursor."""
        if event.row_key.value is not None:
            self.post_message(self.Chosen(event.row_key.value))

    def action_path(self) -> None:
        """Ask for a file."""
        self.app.push_screen(Prompt("Path of a preset file:"), self._choose)

    def _tell(self, name: str) -> None:
        panel = self.query_one("#about-preset", Panel)
        panel.caption(name)
        panel.show_text(Text(tell_preset(name)))

    def _choose(self, path: str | None) -> None:
        if path:
            self.post_message(self.Chosen(path.strip()))
