"""The keys of Compare."""

from medtui.tui.bindings import bind
from medtui.tui.compare.tabs import TABS
from medtui.tui.widgets.chart_keys import CHART_BINDINGS

COMPARE_BINDINGS = [
    bind("filter", "filter", "Filter", "Filter runs by an expression"),
    bind("order", "sort(1)", "Order", "Order by the next column"),
    bind("order_back", "sort(-1)", "Reverse", "Reverse the order", shown=False),
    bind("group", "group", "Group",
         "Group runs that differ in seeds alone, with means over seeds"),
    bind("low_fidelity", "low_fidelity", "Low-fidelity",
         "Show or hide the low-fidelity runs of searches", shown=False),
    bind("columns", "columns", "Columns", "Select columns by name"),
    bind("hide_same", "hide_same", "Hide same",
         "Hide or show columns in which all runs are equal", shown=False),
    *CHART_BINDINGS,
    bind("mark", "mark", "Mark", "Mark or unmark the run under the cursor"),
    bind("mark_all", "mark_all", "All", "Mark all runs of the table, or none"),
    bind("pin", "pin", "Pin", "Pin the run under the cursor as the baseline, or unpin it"),
    *(
        bind(f"tab_{at}", f"tab('{at}')", tab, f"Show {tab.lower()}", shown=False)
        for at, tab in enumerate(TABS, 1)
    ),
    bind("next_tab", "next_tab(1)", "Tab", "Show the next tab"),
    bind("next_tab_back", "next_tab(-1)", "Previous tab", "Show the previous tab", shown=False),
    bind("full", "full", "Zoom pane", "Show the tab on the whole screen, or the table again",
         shown=False),
    bind("copy", "copy", "Copy", "Copy the table", shown=False),
    bind("export", "export", "Export", "Save the chart as PNG, SVG and CSV", shown=False),
    bind("export_model", "export_model", "Export model",
         "Export the model of the run under the cursor as ONNX, pt2, int8, ...",
         shown=False),
    bind("close", "close", "Close", "Reset the chart, or show the table again", shown=False),
    bind("back", "back", "Back", "Go back to the screen before"),
]  # fmt: skip
