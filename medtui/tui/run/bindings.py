"""Keys of the Run screen."""

from medtui.tui.bindings import bind
from medtui.tui.widgets.chart_keys import CHART_BINDINGS

RUN_BINDINGS = [
    bind("next_pane", "next_pane(1)", "Pane", "Move to the next pane"),
    bind("next_pane_back", "next_pane(-1)", "Previous pane", "Move to the previous pane",
         shown=False),
    bind("next_chart", "choose_next(1)", "Chart", "Show the next chart or tab of the pane"),
    bind("next_chart_back", "choose_next(-1)", "Previous chart",
         "Show the previous chart or tab of the pane", shown=False),
    *(
        bind(f"chart_{key}", f"choose({key})", f"Chart {key}",
             f"Show chart or tab {key} of the pane", shown=False)
        for key in range(1, 10)
    ),
    bind("full", "full", "Zoom pane", "Show the pane on the whole screen, or all panes again"),
    *CHART_BINDINGS,
    bind("metric", "metric", "Metric", "Show the next metric by cycle", shown=False),
    bind("band", "band", "Band", "Show the margin, the interval of the test value, or no band",
         shown=False),
    bind("stop", "stop", "Stop", "Stop this run, or its study, after the current step"),
    bind("resume", "resume", "Resume", "Resume the unfinished runs of the study"),
    bind("compare", "compare", "Compare", "Compare the finished runs of the study"),
    bind("next_run", "next_run(1)", "Next run", "Show the next run of the study"),
    bind("next_run_back", "next_run(-1)", "Previous run", "Show the previous run of the study",
         shown=False),
    bind("edit", "edit", "Edit", "Open the run's preset as the draft of a new study",
         shown=False),
    bind("sites", "sites", "Other data", "Show the study's runs on other data sets, or evaluate "
         "them there"),
    bind("narrower", "widen(-4)", "Narrower", "Make the chart narrower", shown=False),
    bind("wider", "widen(4)", "Wider", "Make the chart wider", shown=False),
    bind("order", "order", "Order", "Order the layers by their density, or as in the network",
         shown=False),
    bind("scroll_back", "scroll(-1)", "Up", "Scroll the pane up", shown=False),
    bind("scroll", "scroll(1)", "Down", "Scroll the pane down", shown=False),
    bind("page_back", "scroll(-10)", "Page up", "Scroll the pane up by ten rows", shown=False),
    bind("page", "scroll(10)", "Page down", "Scroll the pane down by ten rows", shown=False),
    bind("filter", "filter", "Filter log", "Filter the log by a text", shown=False),
    bind("export", "export", "Export", "Save the chart as PNG, SVG and CSV", shown=False),
    bind("export_model", "export_model", "Export model",
         "Export the model as ONNX, pt2, int8, packed or safetensors", shown=False),
    bind("copy", "copy", "Copy", "Copy the contents of the pane", shown=False),
    bind("follow", "follow", "Follow log", "Move to the end of the log and follow it",
         shown=False),
    bind("close", "close", "Close", "Reset the chart, or show all panes again", shown=False),
    bind("back", "back", "Back", "Go back to the screen before"),
]  # fmt: skip
