"""Keys of Home."""

from medtui.tui.bindings import bind

HOME_BINDINGS = [
    bind("demo", "demo", "Start the demo", "Start the demo, where there is no study"),
    bind("new", "new", "New study", "Set up a study from a preset"),
    bind("stop", "stop", "Stop", "Stop the study, or the run under the cursor"),
    bind("resume", "resume", "Resume", "Resume the unfinished runs of the study"),
    bind("compare", "compare", "Compare", "Compare the marked runs, or all runs of the study"),
    bind("mark", "mark", "Mark", "Mark the run under the cursor for Compare"),
    bind("filter", "filter", "Filter", "Filter studies: a b, OR, NOT, has:x, x>1, x~regex"),
    bind("order", "order", "Order", "Order studies by newest, name or best val"),
    bind("edit", "edit", "Edit",
         "Open the preset of the study or the run as the draft of a new study", shown=False),
    bind("note", "note", "Note", "Edit the note of the study", shown=False),
    bind("delete", "delete", "Delete", "Move the study to the trash, after a confirmation",
         shown=False),
    bind("restore", "restore", "Undo", "Restore the study that was deleted last", shown=False),
    bind("copy", "copy", "Copy", "Copy the table of runs", shown=False),
    bind("next_run", "next_study(1)", "Next study", "Move to the next study", shown=False),
    bind("next_run_back", "next_study(-1)", "Previous study", "Move to the previous study",
         shown=False),
    bind("open", "demo", "Start the demo", "Start the demo, where there is no study",
         shown=False),
    bind("narrower", "widen(-4)", "Narrower", "Make the runs narrower", shown=False),
    bind("wider", "widen(4)", "Wider", "Make the runs wider", shown=False),
    bind("close", "close", "Studies", "Move to the table of studies", shown=False),
    bind("back", "back", "Back", "Move to the table of studies", shown=False),
]  # fmt: skip
