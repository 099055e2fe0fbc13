"""Problems of a preset's file as they are shown: sentence, line, and carets below the value."""

from collections.abc import Sequence

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.control_characters import one_line
from medtui.preset.toml import Problem

_NUMBER_CELLS = 4
"""Width of a line's number."""


def problems_text(problems: Sequence[Problem], colours: Colours) -> Text:
    """Return every problem with its line in the file, apart by blank lines."""
    return Text("\n\n").join(_problem_text(problem, colours) for problem in problems)


def _problem_text(problem: Problem, colours: Colours) -> Text:
    at = f"line {problem.line}  " if problem.line else ""
    text = Text(f"✗ {at}{problem.sentence}", colours.warning)
    source = one_line(problem.source.rstrip())
    if source:
        number = f"{problem.line or '':>{_NUMBER_CELLS}} │ "
        text.append(f"\n{number}", colours.muted)
        text.append(source)
        start, length = _marked(problem, source)
        text.append(f"\n{'':>{_NUMBER_CELLS}} │ ", colours.muted)
        text.append(" " * start + "^" * length, colours.warning)
    return text


def _marked(problem: Problem, source: str) -> tuple[int, int]:
    """Return where in its line a problem is: its key, or the element of an array."""
    keys = [part for part in problem.location if isinstance(part, str)]
    key = keys[-1] if keys else ""
    _, equals, value = source.partition("=")
    index = problem.location[-1] if problem.location else None
    if isinstance(index, int) and equals and "[" in value:
        parts = value.strip().strip("[]").split(",")
        if index < len(parts) and parts[index].strip():
            wanted = parts[index].strip()
            offset = sum(len(part) + 1 for part in parts[:index])
            begin = len(source) - len(value) + value.index("[") + 1 + offset
            return begin + parts[index].index(wanted), len(wanted)
    at = source.find(key) if key else -1
    if at >= 0:
        return at, len(key)
    stripped = source.lstrip()
    return len(source) - len(stripped), len(stripped)
