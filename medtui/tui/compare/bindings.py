"""The keys of Compare."""

from medtui.tui.bindings import bind
from medtui.tui.compare.tabs import TABS
from medtui.tui.widgets.chart_keys import CHART_BINDINGS

COMPARE_BINDINGS = [
    bind("slash", "filter", "Filter", "Show only runs for which an expression holds",
         display="/"),
    bind("o", "sort(1)", "Sort", "Sort by the next column"),
    bind("O", "sort(-1)", "Turn", "Turn the order round", shown=False),
    bind("g", "group", "Group", "Group by scheme, density, seed: mean and spread"),
    bind("P", "low_fidelity", "Probes", "Show the cheap samples of searches, or hide them",
         shown=False),
    bind("d", "hide_same", "Hide same", "Hide columns in which all runs are alike"),
    bind("v", "columns", "Columns", "Choose the columns by name"),
    *CHART_BINDINGS,
    bind("space", "mark", "Mark", "Mark the run under the cursor, or take its mark away"),
    bind("a", "mark_all", "All", "Mark all runs in the table, or none"),
    bind("p", "pin", "Pin", "Take the run under the cursor as the baseline, or none"),
    *(
        bind(str(at), f"tab('{at}')", tab, f"Show {tab.lower()}", shown=False)
        for at, tab in enumerate(TABS, 1)
    ),
    bind("tab", "next_tab(1)", "Tab", "Show the next tab"),
    bind("shift+tab", "next_tab(-1)", "Tab before", "Show the tab before", shown=False),
    bind("f", "full", "Full", "Give the tab the whole screen", shown=False),
    bind("x", "export", "Export", "Write the chart to files: PNG, SVG, CSV", shown=False),
    bind("e", "export_model", "Export model",
         "Write the model of the run under the cursor as files: ONNX, pt2, int8, ...",
         shown=False),
    bind("escape", "back", "Back", "Back to the table, to the studies"),
]  # fmt: skip
