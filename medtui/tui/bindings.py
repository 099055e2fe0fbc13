"""Key bindings: each has a name for remapping, and a sentence for help and command palette."""

from collections.abc import Mapping

from textual.binding import Binding

FORMER_NAMES: Mapping[str, str] = {
    "search": "filter",
    "probes": "low_fidelity",
    "look": "reload",
    "next_main": "next_chart",
    "main": "chart_1",
    "tab": "tab_1",
    **{f"main_{number}": f"chart_{number}" for number in range(1, 7)},
}
"""Action names of earlier versions, still accepted in the settings file, to the current ones."""


def bind(
    keys: str,
    action: str,
    label: str,
    sentence: str,
    *,
    name: str = "",
    shown: bool = True,
    display: str | None = None,
) -> Binding:
    """Bind keys (separated by commas) to an action of the screen, or `app.` of the application.

    `name` is what the settings file calls the action; by default `name_of` derives it.
    """
    return Binding(
        keys,
        action,
        label,
        show=shown,
        tooltip=sentence,
        key_display=display,
        id=name or name_of(action),
    )


def name_of(action: str) -> str:
    """Return the name by which `[keys]` in `config.toml` refers to an action.

    `next_run(1)` is `next_run`, `next_run(-1)` is `next_run_back`, `chart('2')` is `chart_2`.
    """
    name, _, argument = action.removeprefix("app.").removesuffix(")").partition("(")
    if argument in {"", "1"}:
        return name
    if argument == "-1":
        return f"{name}_back"
    return "_".join((name, argument.strip("'")))


def current_names(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of the settings file by the current names of actions.

    Where an action is given by both names, the current one takes precedence.
    """
    renamed = {FORMER_NAMES.get(name, name): key for name, key in keys.items()}
    return renamed | {name: key for name, key in keys.items() if name not in FORMER_NAMES}
