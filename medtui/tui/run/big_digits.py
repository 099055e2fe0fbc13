"""Numbers three rows high, in half blocks: two dots of the font in each cell."""

_FONT = {
    "0": "111101101101111", "1": "010110010010111", "2": "111001111100111",
    "3": "111001111001111", "4": "101101111001001", "5": "111100111001111",
    "6": "111100111101111", "7": "111001001001001", "8": "111101111101111",
    "9": "111101111001111", "+": "000010111010000", "\N{MINUS SIGN}": "000000111000000",
}  # fmt: skip
"""Three dots across, five down."""

ROWS = 3
_ACROSS, _DOWN = 3, 6
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def big_digits(text: str) -> tuple[str, str, str]:
    """Return a number as three lines of half blocks; other characters are left out."""
    lines = ["", "", ""]
    for character in text:
        dots = _dots_of(character)
        width = len(dots[0]) if dots else 0
        for row in range(ROWS):
            pairs = zip(dots[2 * row], dots[2 * row + 1], strict=True) if width else ()
            lines[row] += "".join(_HALVES[pair] for pair in pairs) + " " * bool(width)
    first, second, third = (line.rstrip() for line in lines)
    return first, second, third


def _dots_of(character: str) -> list[list[bool]]:
    """Return rows of dots; the last of six is empty."""
    if character == ".":
        return [[False]] * 4 + [[True], [False]]
    font = _FONT.get(character)
    if font is None:
        return []
    rows = [font[at : at + _ACROSS] for at in range(0, len(font), _ACROSS)]
    return [[dot == "1" for dot in row] for row in rows] + [[False] * _ACROSS] * (_DOWN - len(rows))
