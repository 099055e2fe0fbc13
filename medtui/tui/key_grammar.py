"""The keys of all screens: each has one meaning everywhere, or does nothing.

A screen binds an action by its name and never by a key of its own, see `medtui.tui.bindings`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["everywhere", "studies", "charts"]
"""The three groups in which Help shows the keys."""

NO_KEY = "no_key_"
"""Begins the keys of actions that are in the command palette only; no keyboard sends them."""


@dataclass(frozen=True)
class KeyRow:
    """One line of the table of keys."""

    kind: Kind
    display: str
    """The keys as Help shows them."""
    meaning: str
    """What they do on every screen that uses them."""
    keys: Mapping[str, str]
    """Name of an action in the settings file to its keys, separated by commas."""


_DIGITS = "123456789"

ROWS = (
    KeyRow("everywhere", "↑↓ j k", "row",
           {"scroll_back": "up,k", "scroll": "down,j"}),
    KeyRow("everywhere", "←→ h l", "choice; read-out on a chart",
           {"inspect_back": "left,h", "inspect": "right,l", "choice": "left,right"}),
    KeyRow("everywhere", "tab ⇧tab", "next, previous pane or field",
           {"next_pane": "tab", "next_pane_back": "shift+tab"}),
    KeyRow("everywhere", "⏎", "open what the cursor is on", {"open": "enter"}),
    KeyRow("everywhere", "space", "mark, set, next choice", {"mark": "space"}),
    KeyRow("everywhere", "a", "mark all, or none", {"mark_all": "a"}),
    KeyRow("everywhere", "esc", "close one layer: a filter, a zoom, a field",
           {"close": "escape"}),
    KeyRow("everywhere", "b ⌫", "back to the screen before; asks on an edited draft",
           {"back": "b,backspace"}),
    KeyRow("everywhere", "/", "filter; a path on New study",
           {"filter": "slash", "path": "slash"}),
    KeyRow("everywhere", "o O", "order; the reverse order", {"order": "o", "order_back": "O"}),
    KeyRow("everywhere", "v V", "columns; hide columns in which all are equal",
           {"columns": "v", "hide_same": "V"}),
    KeyRow("everywhere", "1-9 [ ]", "tab or chart; previous, next",
           {**{f"chart_{digit}": digit for digit in _DIGITS},
            **{f"tab_{digit}": digit for digit in _DIGITS},
            "next_chart_back": "left_square_bracket", "next_chart": "right_square_bracket",
            "next_tab_back": "left_square_bracket", "next_tab": "right_square_bracket"}),
    KeyRow("everywhere", "z < >", "this pane alone; its width",
           {"full": "z", "narrower": "less_than_sign", "wider": "greater_than_sign"}),
    KeyRow("everywhere", "PgUp PgDn", "page of the pane",
           {"page_back": "pageup", "page": "pagedown"}),
    KeyRow("everywhere", "end", "follow the end of the log", {"follow": "end"}),
    KeyRow("everywhere", "y x w", "copy, export, write",
           {"copy": "y", "export": "x", "write": "w"}),
    KeyRow("everywhere", "? F1", "help; F1 in a field too", {"help": "question_mark,f1"}),
    KeyRow("everywhere", "^p", "all actions by name", {"command_palette": "ctrl+p"}),
    KeyRow("everywhere", "q", "quit; studies can continue to run", {"quit": "q"}),
    KeyRow("studies", "n", "new study", {"new": "n"}),
    KeyRow("studies", "d", "start the demo, where there is no study", {"demo": "d"}),
    KeyRow("studies", "g", "go: start the draft, or its next step", {"go": "g"}),
    KeyRow("studies", "C", "check: read every image; forecast the preset", {"check": "C"}),
    KeyRow("studies", "s", "stop; asks which way", {"stop": "s"}),
    KeyRow("studies", "r", "resume, or queue it", {"resume": "r"}),
    KeyRow("studies", ", .", "previous, next run or study",
           {"next_run_back": "comma", "next_run": "full_stop"}),
    KeyRow("studies", "c", "compare", {"compare": "c"}),
    KeyRow("studies", "G", "group runs that differ in seeds alone", {"group": "G"}),
    KeyRow("studies", "P", "show the low-fidelity runs of searches", {"low_fidelity": "P"}),
    KeyRow("studies", "p", "pin: what the others are compared with", {"pin": "p"}),
    KeyRow("studies", "e", "edit: the preset as text, a run as a new draft", {"edit": "e"}),
    KeyRow("studies", "N", "note of the study", {"note": "N"}),
    KeyRow("studies", "X", "export the model", {"export_model": "X"}),
    KeyRow("studies", "E", "runs on other data sets; evaluate on one", {"sites": "E"}),
    KeyRow("studies", "D u", "move to the trash; undo", {"delete": "D", "restore": "u"}),
    KeyRow("charts", "+ − 0", "zoom in, out, whole range; + adds a density, an empty preset",
           {"zoom": "plus,equals_sign", "zoom_back": "minus", "reset": "0",
            "densities": "plus", "empty": "plus"}),
    KeyRow("charts", "L", "logarithmic axis", {"log": "L"}),
    KeyRow("charts", "~", "smoothing", {"smooth": "tilde"}),
    KeyRow("charts", "m", "metric", {"metric": "m"}),
    KeyRow("charts", "i", "band: margin, interval, none", {"band": "i"}),
)  # fmt: skip
"""All keys, as Help shows them."""

CHANGES_RUNS = frozenset(
    {
        "new", "demo", "go", "stop", "resume", "edit", "note", "delete", "restore", "write",
        "export", "export_model",
    }
)  # fmt: skip
"""Names of the actions that a read-only application does not have; exports are in run folders."""

PALETTE_ONLY = ("find_density", "reload")
"""Actions without a key; the settings file can give them one."""

KEYS_OF: Mapping[str, str] = {
    **{name: keys for row in ROWS for name, keys in row.keys.items()},
    **{name: f"{NO_KEY}{name}" for name in PALETTE_ONLY},
}
"""Name of each action to its keys."""

DISPLAYS: Mapping[str, str] = {
    "filter": "/", "path": "/", "help": "?", "zoom": "+", "zoom_back": "-", "densities": "+",
    "empty": "+",
    "back": "b", "choice": "←→", "smooth": "~", "next_run": ".", "next_run_back": ",",
    "scroll": "↓", "scroll_back": "↑", "inspect": "→", "inspect_back": "←",
    "next_chart": "]", "next_chart_back": "[", "next_tab": "]", "next_tab_back": "[",
    "narrower": "<", "wider": ">",
    **dict.fromkeys(PALETTE_ONLY, ""),
}  # fmt: skip
"""How the footer prints keys for which Textual has a long name."""
