"""Takes what a thread has computed to the screen that asked for it."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from textual.dom import NoScreen
from textual.widget import Widget

Params = ParamSpec("Params")
Result = TypeVar("Result")


def call_for(
    widget: Widget, callback: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
) -> Result | None:
    """Call a function in the application's thread, for a screen or widget that is still shown.

    Where its screen is closed meanwhile, or the application ends, nothing is called and None is
    returned: Textual takes the widgets out of a closing screen before the screen itself.
    """

    def call() -> Result | None:
        return callback(*args, **kwargs) if _has_screen(widget) else None

    try:
        app = widget.app
    except RuntimeError:  # NoActiveAppError: removed, and nothing else names the application
        return None
    return app.call_from_thread(call)


def _has_screen(widget: Widget) -> bool:
    """Return whether a widget is on a screen that is not closing."""
    try:
        return widget.is_attached and widget.screen.display
    except NoScreen:
        return False
