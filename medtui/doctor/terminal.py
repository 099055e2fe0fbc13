"""Checks of the terminal: colours, size, characters, and tmux's clipboard."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from medtui.doctor.finding import Finding

SMALLEST = (80, 24)
"""Least columns and lines that every screen is designed for."""


def examine_terminal(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Check the terminal on stdout and the tmux that it runs in."""
    if not sys.stdout.isatty():
        yield Finding(
            "Terminal", "OK", "no terminal; `medtui --run` and `medtui runs` do not need one"
        )
        return
    yield _kind(environment)
    yield _size()
    yield _characters()
    if environment.get("TMUX"):
        yield _tmux()


def _kind(environment: Mapping[str, str]) -> Finding:
    term = environment.get("TERM", "")
    facts = {"term": term, "colorterm": environment.get("COLORTERM", "")}
    if term in {"", "dumb"}:
        remedy = "export TERM=xterm-256color"
        text = f"TERM={term or 'unset'}: no colours and no cursor movement"
        return Finding("Terminal", "warning", text, remedy, facts)
    if environment.get("NO_COLOR"):
        return Finding("Terminal", "OK", f"{term}, without colours: NO_COLOR is set", facts=facts)
    if environment.get("COLORTERM") in {"truecolor", "24bit"}:
        return Finding("Terminal", "OK", f"{term}, all colours", facts=facts)
    if "256color" in term:
        return Finding("Terminal", "OK", f"{term}, 256 colours", facts=facts)
    text = f"{term}: possibly only 16 colours; runs may have similar colours"
    remedy = (
        "export COLORTERM=truecolor if your terminal supports it; letters also distinguish runs"
    )
    return Finding("Terminal", "warning", text, remedy, facts)


def _size() -> Finding:
    size = shutil.get_terminal_size()
    text = f"{size.columns} x {size.lines} characters"
    facts = {"columns": size.columns, "lines": size.lines}
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        remedy = f"enlarge the terminal to at least {SMALLEST[0]} x {SMALLEST[1]}"
        return Finding("Size", "warning", f"{text}; screens are cut off", remedy, facts)
    return Finding("Size", "OK", text, facts=facts)


def _characters() -> Finding:
    encoding = (sys.stdout.encoding or "").lower()
    facts = {"encoding": encoding}
    if encoding.replace("-", "") == "utf8":
        return Finding("Characters", "OK", "UTF-8; charts use Braille characters", facts=facts)
    remedy = "export LANG=C.UTF-8, or start with medtui --ascii"
    return Finding("Characters", "warning", f"{encoding or 'unknown'}, not UTF-8", remedy, facts)


def _tmux() -> Finding:
    """Check whether tmux lets a program copy to the clipboard."""
    try:
        done = subprocess.run(
            ["tmux", "show-options", "-gsv", "set-clipboard"],  # noqa: S607 - the tmux around us
            capture_output=True, text=True, check=True, timeout=2,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return Finding("tmux", "OK", "inside tmux, whose options could not be read")
    setting = done.stdout.strip()
    facts = {"set_clipboard": setting}
    if setting == "on":
        return Finding("tmux", "OK", "copies reach the clipboard", facts=facts)
    text = f"set-clipboard is {setting}: copies may not reach the clipboard"
    remedy = "run tmux set -s set-clipboard on; copies are also saved to a file"
    return Finding("tmux", "warning", text, remedy, facts)
