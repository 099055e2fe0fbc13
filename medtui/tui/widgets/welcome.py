"""Home without studies: what medtui is, and how to start."""

from rich.text import Text

from medtui.tui.widgets.panel import TextPanel

_WHAT = (
    "medtui compresses medical image classifiers with NVIDIA's Condensa and measures the effect:\n"
    "accuracy on test patients, memory and size, for each scheme and density that you select.\n"
)

_COMMANDS = (
    ("medtui --run demo", "a demo on synthetic blood cells; a few minutes on two CPU cores"),
    ("medtui --run demo --detach", "the same in the background; you can close the terminal"),
    ("medtui --run PRESET.toml", "a study of your own"),
)

_KEYS = (
    ("n", "new study: the demo, malaria cells, or your own preset"),
    ("?", "help for the current screen"),
    ("Ctrl+P", "command palette: all actions by name"),
    ("q", "quit"),
)


class Welcome(TextPanel):
    """The empty state. Studies started elsewhere are shown automatically."""

    DEFAULT_CSS = """
    Welcome { height: 1fr; padding: 1 3; }
    """

    def on_mount(self) -> None:
        self.caption("Welcome")
        text = Text(_WHAT)
        text.append(
            "\nPress n to set up a study step by step, or start one in another terminal by one of "
            "these commands. It is shown here automatically:\n\n"
        )
        for command, meaning in _COMMANDS:
            text.append(f"  {command:<28}", style="bold")
            text.append(f" {meaning}\n")
        text.append("\nKeys:\n\n")
        for key, meaning in _KEYS:
            text.append(f"  {key:<8}", style="bold")
            text.append(f" {meaning}\n")
        self.show_text(text)
