"""What stands on Home while there is nothing to show: what medtui is, and how to begin."""

from rich.text import Text

from medtui.tui.widgets.panel import TextPanel

_WHAT = (
    "medtui compresses medical image classifiers with NVIDIA's Condensa and shows what it costs:\n"
    "accuracy on unseen patients, memory and size, for every scheme and density you ask for.\n"
)

_COMMANDS = (
    ("medtui --run demo", "a first study on drawn blood cells; a few minutes on two CPU cores"),
    ("medtui --run demo --detach", "the same in the background: it goes on without the terminal"),
    ("medtui --run PRESET.toml", "your own study"),
)

_KEYS = (
    ("n", "new study: the demo, the malaria cells, or your own preset"),
    ("?", "help for the screen in view"),
    ("Ctrl+P", "every action by name"),
    ("q", "quit"),
)


class Welcome(TextPanel):
    """The empty state. A study that starts elsewhere appears here by itself."""

    DEFAULT_CSS = """
    Welcome { height: 1fr; padding: 1 3; }
    """

    def on_mount(self) -> None:
        """Write the text."""
        self.caption("Welcome")
        text = Text(_WHAT)
        text.append(
            "\nPress n to set up a study here, step by step. Or begin in another terminal; the "
            "study appears here by itself:\n\n"
        )
        for command, meaning in _COMMANDS:
            text.append(f"  {command:<28}", style="bold")
            text.append(f" {meaning}\n")
        text.append("\nKeys:\n\n")
        for key, meaning in _KEYS:
            text.append(f"  {key:<8}", style="bold")
            text.append(f" {meaning}\n")
        self.show_text(text)
