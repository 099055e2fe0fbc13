"""The keys of Compare."""

from medtui.tui.bindings import bind
from medtui.tui.compare.tabs import TABS
from medtui.tui.widgets.chart_keys import CHART_BINDINGS

COMPARE_BINDINGS = [
    bind("open", "open_run", "Open run", "Open the run under the cursor"),
    bind("mark", "mark", "Mark", "Mark or unmark the run under the cursor"),
    bind("pin", "pin", "Pin", "Pin the run under the cursor as the baseline, or unpin it"),
    bind("filter", "filter", "Filter", "Filter runs: a b, OR, NOT, has:x, x>1, x~regex; down "
         "recalls named filters"),
    bind("order", "sort", "Order", "Choose the column by which runs are ordered"),
    bind("columns", "columns", "Columns", "Choose the table's columns by a checklist"),
    bind("copy", "copy", "Copy", "Copy the table, also to a file"),
    bind("export", "export", "Export", "Save the chart as PNG, SVG and CSV"),
    bind("back", "back", "Back", "Go back to the screen before"),
    bind("write", "write", "Write", "Write the table as CSV and Markdown, or name the filter",
         shown=False),
    bind("mark_all", "mark_all", "All", "Mark all runs of the table, or none", shown=False),
    bind("order_back", "reverse", "Reverse", "Reverse the order", shown=False),
    bind("metric", "metric", "Metric", "Show the changes of the next metric", shown=False),
    bind("group", "group", "Group",
         "Group runs that differ in seeds alone, with means over seeds", shown=False),
    bind("hide_same", "hide_same", "Hide same",
         "Hide or show columns in which all runs are equal", shown=False),
    bind("low_fidelity", "low_fidelity", "Low-fidelity",
         "Show or hide the low-fidelity runs of searches", shown=False),
    bind("next_pane", "app.focus_next", "Pane", "Give the keys to the next pane"),
    bind("next_pane_back", "app.focus_previous", "Previous pane",
         "Give the keys to the previous pane", shown=False),
    *(
        bind(f"tab_{at}", f"tab('{at}')", tab, f"Show {tab.lower()}", shown=False)
        for at, tab in enumerate(TABS, 1)
    ),
    bind("next_tab", "next_tab(1)", "Tab", "Show the next tab", shown=False),
    bind("next_tab_back", "next_tab(-1)", "Previous tab", "Show the previous tab", shown=False),
    bind("next_run", "step(1)", "Next run", "Go to the next run"),
    bind("next_run_back", "step(-1)", "Previous run", "Go to the previous run", shown=False),
    bind("inspect", "walk(1)", "Next point", "Go to the run of the next point", shown=False),
    bind("inspect_back", "walk(-1)", "Previous point", "Go to the run of the previous point",
         shown=False),
    bind("full", "full", "Zoom", "Show the tab on the whole screen, or the table again"),
    bind("sites", "sites", "Other data",
         "Show the runs on other data sets, or evaluate them there"),
    bind("export_model", "export_model", "Export model",
         "Export the model of the run under the cursor as ONNX, pt2, int8, ...",
         shown=False),
    *(each for each in CHART_BINDINGS if each.id not in {"inspect", "inspect_back"}),
    bind("close", "close", "Close", "Close one layer: the chart's zoom, the pane's zoom, the tab",
         shown=False),
]  # fmt: skip
"""The arrows walk from run to run along the points of a chart, so they read out no curve here."""
