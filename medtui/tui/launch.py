"""Starts the application: settings, light or dark, ASCII or not; and what its threads may take."""

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path

from medtui.tui.app import MedtuiApp
from medtui.tui.ascii import needs_ascii
from medtui.tui.background import ask_luminance, is_light
from medtui.tui.settings import load_settings
from medtui.tui.terminal import tolerate_input
from medtui.tui.theme import AUTO, DARK_THEME, LIGHT_THEME

SWITCH_S = 0.001
"""How long the reading and drawing threads may block the event loop, seconds."""

GC_THRESHOLDS = (700, 10, 1000)
"""Python's defaults, except for full collections: they stall the event loop and find almost
nothing here."""


def run_app(runs_dir: Path, *, ascii_only: bool = False, is_read_only: bool = False) -> int:
    """Show the runs folder until the user quits; return the exit code."""
    settings = load_settings()
    tolerate_input()
    if settings.look.theme == AUTO:
        has_light_ground = is_light(os.environ, ask_luminance(os.environ))
        theme = LIGHT_THEME if has_light_ground else DARK_THEME
        settings = replace(settings, look=replace(settings.look, theme=theme.name))
    chosen = needs_ascii(os.environ) if settings.look.ascii is None else settings.look.ascii
    app = MedtuiApp(
        runs_dir, is_ascii=ascii_only or chosen, is_read_only=is_read_only, settings=settings
    )
    favour_loop()
    app.run()
    return app.return_code or 0


def favour_loop() -> None:
    """Keep other threads and the garbage collector from stalling the event loop."""
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*GC_THRESHOLDS)
