"""The commands of the palette: every action of the screen in view, by name."""

from collections.abc import Iterable, Iterator
from functools import partial

from textual.app import App, SystemCommand
from textual.screen import Screen

from medtui.tui.actions.messages import EmptyTrashRequested
from medtui.tui.bindings import is_without_key
from medtui.tui.screens.help import own_bindings
from medtui.tui.screens.home import HomeScreen

_MOVES = {
    "scroll", "scroll_back", "inspect", "inspect_back", "choice", "page", "page_back", "next_pane",
    "next_pane_back", "command_palette",
}  # fmt: skip
"""Names of actions that only move: nobody looks them up by name."""

_LEFT_OUT = {"Quit", "Keys", "Maximize", "Minimize"}
"""Commands of Textual that have another name here, or nothing to act on."""


def commands_of(
    app: App[None], screen: Screen[object], others: Iterable[SystemCommand]
) -> Iterator[SystemCommand]:
    """Yield the screen's actions, their sentences as titles; then Textual's own commands."""
    for active in own_bindings(screen):
        binding = active.binding
        if binding.id in _MOVES:
            continue
        run = partial(app.call_later, app.run_action, binding.action, active.node)
        key = "no key" if is_without_key(binding.key) else app.get_key_display(binding)
        yield SystemCommand(binding.tooltip, f"{binding.description} ({key})", run)
    if isinstance(screen, HomeScreen) and not getattr(app, "is_read_only", False):
        ask = partial(screen.post_message, EmptyTrashRequested())
        yield SystemCommand("Empty the trash", "Delete the studies in it for good", ask)
    yield from (command for command in others if command.title not in _LEFT_OUT)
