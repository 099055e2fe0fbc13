"""The keys of Compare."""

from medtui.tui.bindings import bind
from medtui.tui.compare.tabs import TABS
from medtui.tui.widgets.chart_keys import CHART_BINDINGS

COMPARE_BINDINGS = [
    bind("slash", "filter", "Filter", "Filter runs by an expression",
         display="/"),
    bind("o", "sort(1)", "Sort", "Sort by the next column"),
    bind("O", "sort(-1)", "Reverse", "Reverse the sort order", shown=False),
    bind("g", "group", "Group", "Group runs that differ in seeds alone, with means over seeds"),
    bind("P", "low_fidelity", "Low-fidelity", "Show or hide the low-fidelity runs of searches",
         shown=False),
    bind("d", "hide_same", "Hide same", "Hide or show columns in which all runs are equal"),
    bind("v", "columns", "Columns", "Select columns by name"),
    *CHART_BINDINGS,
    bind("space", "mark", "Mark", "Mark or unmark the run under the cursor"),
    bind("a", "mark_all", "All", "Mark all runs of the table, or none"),
    bind("p", "pin", "Pin", "Pin the run under the cursor as the baseline, or unpin it"),
    *(
        bind(str(at), f"tab('{at}')", tab, f"Show {tab.lower()}", shown=False)
        for at, tab in enumerate(TABS, 1)
    ),
    bind("tab", "next_tab(1)", "Tab", "Show the next tab"),
    bind("shift+tab", "next_tab(-1)", "Previous tab", "Show the previous tab", shown=False),
    bind("f", "full", "Full", "Show the tab on the whole screen, or the table again", shown=False),
    bind("x", "export", "Export", "Save the chart as PNG, SVG and CSV", shown=False),
    bind("e", "export_model", "Export model",
         "Export the model of the run under the cursor as ONNX, pt2, int8, ...",
         shown=False),
    bind("escape", "back", "Back", "Reset the chart, show the table, or go back to Home"),
]  # fmt: skip
