"""What the terminal can show: colours, characters, size, and how far a copy reaches."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from medtui.doctor.finding import Finding

SMALLEST = (80, 24)
"""Columns and lines for which every screen is laid out."""


def examine_terminal(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Tell of the terminal on stdout and of tmux around it."""
    if not sys.stdout.isatty():
        yield Finding("Terminal", "OK", "none here; `medtui --run` and `medtui runs` need none")
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
        cure = "export TERM=xterm-256color"
        text = f"TERM={term or 'unset'}: no colours, no cursor"
        return Finding("Terminal", "warning", text, cure, facts)
    if environment.get("NO_COLOR"):
        return Finding("Terminal", "OK", f"{term}, without colours: NO_COLOR is set", facts=facts)
    if environment.get("COLORTERM") in {"truecolor", "24bit"}:
        return Finding("Terminal", "OK", f"{term}, all colours", facts=facts)
    if "256color" in term:
        return Finding("Terminal", "OK", f"{term}, 256 colours", facts=facts)
    text = f"{term}: perhaps 16 colours, so that runs may look alike"
    cure = "export COLORTERM=truecolor if yours has them; otherwise letters tell runs apart"
    return Finding("Terminal", "warning", text, cure, facts)


def _size() -> Finding:
    size = shutil.get_terminal_size()
    text = f"{size.columns} x {size.lines} characters"
    facts = {"columns": size.columns, "lines": size.lines}
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        cure = f"make it {SMALLEST[0]} x {SMALLEST[1]} or larger"
        return Finding("Size", "warning", f"{text}: screens are cut", cure, facts)
    return Finding("Size", "OK", text, facts=facts)


def _characters() -> Finding:
    encoding = (sys.stdout.encoding or "").lower()
    facts = {"encoding": encoding}
    if encoding.replace("-", "") == "utf8":
        return Finding("Characters", "OK", "UTF-8: charts are drawn in Braille", facts=facts)
    cure = "export LANG=C.UTF-8, or start medtui --ascii"
    return Finding("Characters", "warning", f"{encoding or 'unknown'}, not UTF-8", cure, facts)


def _tmux() -> Finding:
    """Ask tmux whether it lets a program copy to the clipboard."""
    try:
        done = subprocess.run(
            ["tmux", "show-options", "-gsv", "set-clipboard"],  # noqa: S607 - the tmux around us
            capture_output=True, text=True, check=True, timeout=2,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return Finding("tmux", "OK", "inside tmux, which does not tell its options")
    setting = done.stdout.strip()
    facts = {"set_clipboard": setting}
    if setting == "on":
        return Finding("tmux", "OK", "passes copies on to the clipboard", facts=facts)
    text = f"set-clipboard is {setting}: what is copied may not reach the clipboard"
    cure = "tmux set -s set-clipboard on; copies are saved to a file as well"
    return Finding("tmux", "warning", text, cure, facts)
