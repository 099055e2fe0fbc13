"""Starts the application: settings, light or dark, ASCII or not; and what its threads may take."""

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path

from medtui.tui.background import Question, is_light
from medtui.tui.settings import AUTO, Settings, load_settings

SWITCH_S = 0.001
"""How long the reading and drawing threads may block the event loop, seconds."""

GC_THRESHOLDS = (700, 10, 1000)
"""Python's defaults, except for full collections: they stall the event loop and find almost
nothing here."""


def run_app(runs_dir: Path, *, ascii_only: bool = False, is_read_only: bool = False) -> int:
    """Show the runs folder until the user quits; return the exit code."""
    settings = load_settings()
    question = Question(os.environ) if settings.look.theme == AUTO else None
    from medtui.tui.app import MedtuiApp  # takes most of the time that the terminal has to answer
    from medtui.tui.ascii import needs_ascii
    from medtui.tui.terminal import tolerate_input

    tolerate_input()
    if question is not None:
        settings = _with_theme(settings, is_light_ground=is_light(os.environ, question.luminance()))
    chosen = needs_ascii(os.environ) if settings.look.ascii is None else settings.look.ascii
    app = MedtuiApp(
        runs_dir, is_ascii=ascii_only or chosen, is_read_only=is_read_only, settings=settings
    )
    favour_loop()
    app.run()
    return app.return_code or 0


def _with_theme(settings: Settings, *, is_light_ground: bool) -> Settings:
    from medtui.tui.theme import DARK_THEME, LIGHT_THEME

    theme = LIGHT_THEME if is_light_ground else DARK_THEME
    return replace(settings, look=replace(settings.look, theme=theme.name))


def favour_loop() -> None:
    """Keep other threads and the garbage collector from stalling the event loop."""
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*GC_THRESHOLDS)
