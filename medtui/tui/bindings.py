"""Binds actions of screens to the keys that all screens share."""

from collections.abc import Iterable, Mapping

from textual.binding import Binding

from medtui.suggest import did_you_mean
from medtui.tui.key_grammar import DISPLAYS, KEYS_OF, NO_KEY

FORMER_NAMES: Mapping[str, str] = {
    "search": "filter",
    "probes": "low_fidelity",
    "look": "reload",
    "next_main": "next_chart",
    "main": "chart_1",
    "tab": "tab_1",
    "start": "go",
    "next": "go",
    "save": "write",
    "card": "write",
    "choose": "mark",
    "focus_next": "next_pane",
    "pop_screen": "back",
    "studies": "close",
    "leave": "close",
    "sort": "order",
    "sort_back": "order_back",
    **{f"main_{number}": f"chart_{number}" for number in range(1, 7)},
}
"""Action names of earlier versions, still accepted in the settings file, to the current ones."""


def bind(name: str, action: str, label: str, sentence: str, *, shown: bool = True) -> Binding:
    """Bind the keys of a name to an action of the screen, or `app.` of the application.

    `name` is what the settings file calls the action, and decides its keys: see `key_grammar`.
    The label is for the footer, the sentence for help and the command palette.
    """
    return Binding(
        KEYS_OF[name],
        action,
        label,
        show=shown and not is_without_key(KEYS_OF[name]),
        tooltip=sentence,
        key_display=DISPLAYS.get(name),
        id=name,
    )


def bind_fields(*, shown: bool = True) -> tuple[Binding, Binding]:
    """Bind the keys that move between the fields of a form; the first is shown in the footer."""
    return (
        bind("next_pane", "app.focus_next", "Field", "Move to the next field", shown=shown),
        bind("next_pane_back", "app.focus_previous", "Field", "Move to the previous field",
             shown=False),
    )  # fmt: skip


def is_without_key(key: str) -> bool:
    """Return whether a binding's key is none that a keyboard can send."""
    return key.startswith(NO_KEY)


def current_names(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of the settings file by the current names of actions.

    Where an action is given by both names, the current one takes precedence.
    """
    renamed = {FORMER_NAMES.get(name, name): key for name, key in keys.items()}
    return renamed | {name: key for name, key in keys.items() if name not in FORMER_NAMES}


def describe_unknown_names(names: Iterable[str]) -> list[str]:
    """Return a sentence for each name that is no action, with the name that may be meant."""
    known = [*KEYS_OF, *FORMER_NAMES]
    return [
        f"[keys] in the settings file: there is no action `{name}`. "
        + did_you_mean(name, known, otherwise="The documentation lists their names.")
        for name in names
        if name not in known
    ]
