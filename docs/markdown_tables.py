"""Markdown as the generated pages of the reference need it."""

import textwrap


def paragraphs(text: str | None) -> str:
    """Return a docstring as paragraphs."""
    return f"{textwrap.dedent(text or '').strip()}\n"


def cell(text: str | None) -> str:
    """Return a text as the cell of a table: one line, with its pipes escaped."""
    return " ".join((text or "").split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return a text as inline code that can stand in a table."""
    return f"`{text}`".replace("|", "\\|")


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
