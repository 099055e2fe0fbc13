"""How choices turn: the same in the forms of presets and of cards."""

from collections.abc import Sequence


def turned(choices: Sequence[str], current: str, step: int) -> str:
    """Return the choice so many places on, around the ends; the first where none is chosen yet."""
    at = choices.index(current) + step if current in choices else 0
    return choices[at % len(choices)]
