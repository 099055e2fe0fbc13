"""How a key is bound: with a name to remap it by, and a sentence for help and palette."""

from textual.binding import Binding


def bind(
    keys: str,
    action: str,
    label: str,
    sentence: str,
    *,
    shown: bool = True,
    display: str | None = None,
) -> Binding:
    """Bind keys (separated by commas) to an action of the screen, or `app.` of the application."""
    return Binding(
        keys, action, label, show=shown, tooltip=sentence, key_display=display, id=name_of(action)
    )


def name_of(action: str) -> str:
    """Give the name by which `[keys]` in `config.toml` speaks of an action.

    `next_run(1)` is `next_run`, `next_run(-1)` is `next_run_back`, `main('2')` is `main_2`.
    """
    name, _, argument = action.removeprefix("app.").partition("(")
    argument = argument.strip(")'")
    return {"": name, "1": name, "-1": f"{name}_back"}.get(argument, f"{name}_{argument}")
