"""A dialog that exports a finished run's model: formats, progress, and the written files."""

from typing import assert_never

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from medtui.charts.palette import Colours
from medtui.errors import MedtuiError
from medtui.jobs.export import ExportProcess
from medtui.metrics import metric_named
from medtui.protocol.export import (
    ExportMessage,
    ExportPlan,
    FileWritten,
    FormatFailed,
    FormatName,
)
from medtui.protocol.onnx_versions import IR_OF_OPSET, minimum_runtime, next_opset
from medtui.protocol.outcome import Progress
from medtui.runs.exports import FORMATS, Export, Format, on_test, read_exports
from medtui.runs.folder import RunFolder
from medtui.tui.bindings import bind
from medtui.tui.clipboard import copy_text
from medtui.tui.theme import colours_of
from medtui.tui.threads import call_for
from medtui.tui.widgets.key_bar import KeyBar
from medtui.units import format_bytes

SHRINK = "shrink"
OPSET = "opset"
"""The options that are not formats."""

_HINTS = {
    "onnx": "For onnxruntime and other engines, on any processor; any batch size.",
    "pt2": "For PyTorch, without medtui and without this network's code; any batch size.",
    "int8": "8-bit weights and activations. They round, so logits differ; it is checked on val.",
    "int8-onnx": "The same for onnxruntime, fast without a compiler. Its val metric is checked.",
    "packed": "The sparse file of the tables: the smallest, to be unpacked before use.",
    "safetensors": "The weights in their own types; the network has to be built from its code.",
    OPSET: "Version of ONNX's operators: a lower one loads in older versions of onnxruntime. "
    "Space turns to the next.",
    SHRINK: "Makes every file smaller and faster, with the same logits. It needs filters or "
    "neurons that are empty, as structured schemes leave them.",
}
"""What each option is for, shown while it is under the cursor."""


class ExportDialog(ModalScreen[None]):
    """Opens on top of a screen; an export takes seconds to minutes."""

    HELP = (
        "Each file is read back from disk and compared with the run on real images before it is "
        "saved. A file whose outputs differ from the run is not saved. The files and their "
        "measurements are in the run's folder exports/. An ONNX file with a lower "
        "opset loads in older versions of onnxruntime. The command medtui export does the same."
    )

    AUTO_FOCUS = "OptionList"

    BINDINGS = [
        bind("mark", "choose", "Select", "Select or deselect a format, or change the opset"),
        bind("go", "start", "Start", "Export the selected formats"),
        bind("copy", "copy", "Copy paths", "Copy the paths of the files"),
        bind("close", "leave", "Close", "Cancel the export, or close the dialog"),
    ]

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self._run = run
        self._chosen = {"onnx"}
        self._opset = ExportPlan([], "").opset
        self._process: ExportProcess | None = None
        self._progress = ""
        """Current step of the export; empty while none is running."""
        self._failed: list[FormatFailed] = []
        self._notice = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="export"):
            yield OptionList(*self._choices(), compact=True, markup=False)
            yield Static(id="export-hint", markup=False)
            with VerticalScroll(id="export-outcome"):
                yield Static(markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#export").border_title = f"Export {self._run.full_name}"
        self._show()

    def on_unmount(self) -> None:
        if self._process is not None:
            self._process.stop()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Explain the option under the cursor."""
        self.query_one("#export-hint", Static).update(_HINTS[event.option.id or ""])

    def on_option_list_option_selected(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        options = self.query_one(OptionList)
        at = options.highlighted
        if at is None or options.get_option_at_index(at).disabled:
            return
        name = options.get_option_at_index(at).id or ""
        if name == OPSET:
            self._opset = next_opset(self._opset)
        else:
            self._chosen ^= {name}
        options.replace_option_prompt_at_index(at, self._choices()[at].prompt)

    def action_start(self) -> None:
        formats: list[FormatName] = [
            each.name for each in FORMATS if each.name in self._chosen and not each.missing
        ]
        if self._process is not None:
            self._notice = "An export is running. Press Escape to cancel it."
        elif not formats:
            self._notice = "No format is selected. Press Space to select the one under the cursor."
        else:
            self._start(formats)
        self._show()

    def _start(self, formats: list[FormatName]) -> None:
        plan = ExportPlan(
            formats, str(self._run.exports.resolve()), is_shrunk=SHRINK in self._chosen,
            opset=self._opset, ir_version=IR_OF_OPSET[self._opset],
        )  # fmt: skip
        self._notice, self._failed = "", []
        try:
            self._process = ExportProcess(self._run, plan)
        except MedtuiError as error:
            self._notice = str(error)
            return
        self._progress = "starting"
        self._follow(self._process)

    def action_copy(self) -> None:
        """Copy the paths of all exported files."""
        paths = [str(self._run.exports.resolve() / each.file) for each in self._exports()]
        if paths:
            self.notify(copy_text(self.app, "\n".join(paths)), markup=False)

    def action_leave(self) -> None:
        """Cancel a running export, or go back."""
        if self._process is None:
            self.dismiss()
            return
        self._progress = "cancelling"
        self._notice = "Cancelled. No partial files were left."
        self._process.stop()
        self._show()

    @work(thread=True, group="export")
    def _follow(self, process: ExportProcess) -> None:
        try:
            process.follow(lambda message: call_for(self, self._take_message, message))
            problem = ""
        except MedtuiError as error:
            problem = str(error)
        call_for(self, self._end, problem)

    def _take_message(self, message: ExportMessage) -> None:
        match message:
            case Progress(text):
                self._progress = text
            case FormatFailed():
                self._failed.append(message)
            case FileWritten():
                pass  # its record is read again
            case _:
                assert_never(message)
        self._show()

    def _end(self, problem: str) -> None:
        self._process, self._progress = None, ""
        self._notice = problem or self._notice
        self._show()

    def _exports(self) -> list[Export]:
        return read_exports(self._run.exports)

    def _choices(self) -> list[Option]:
        rows = [(each.name, _described(each), bool(each.missing)) for each in FORMATS]
        choices = [
            Option(f"[{'x' if name in self._chosen else ' '}] {name:<12}{what}", name, is_missing)
            for name, what, is_missing in rows
        ]
        is_missing = any(each.missing for each in FORMATS if each.name == "onnx")
        opset = f"{self._opset}  {'ONNX opset':<12}{_opset_described(self._opset)}"
        is_shrunk = "x" if SHRINK in self._chosen else " "
        shrink = f"[{is_shrunk}] {SHRINK:<12}remove empty filters and neurons first"
        return [*choices, Option(opset, OPSET, is_missing), Option(shrink, SHRINK)]

    def _show(self) -> None:
        colours = colours_of(self.app.current_theme)
        lines = [_line(each, colours) for each in self._exports()]
        lines += [_failure_line(each, colours) for each in self._failed]
        if self._notice:
            lines.append(Text(self._notice, style=colours.warning))
        if self._progress:
            lines.append(Text(f"● {self._progress} ...", style=colours.accent))
        if lines:
            lines.append(Text(f"Folder: {self._run.exports}", style=colours.muted))
        outcome = self.query_one("#export-outcome", VerticalScroll)
        outcome.query_one(Static).update(Text("\n").join(lines))
        outcome.scroll_end(animate=False)


def _described(form: Format) -> str:
    if not form.missing:
        return form.title
    return f"requires {', '.join(form.missing)}: pip install 'medtui[export]'"


def _opset_described(opset: int) -> str:
    ir_version = IR_OF_OPSET[opset]
    return f"IR {ir_version}, for onnxruntime {minimum_runtime(opset, ir_version)} and later"


def _failure_line(failed: FormatFailed, colours: Colours) -> Text:
    words = f"✗ {failed.format} {failed.message}\n  {failed.hint}"
    return Text(words.rstrip(), style=colours.states["failed"])


def _line(export: Export, colours: Colours) -> Text:
    """Return a file with its size, agreement with the run and speed, in its last runtime."""
    found = on_test(export)[-1]
    text = Text.assemble(("✓ ", colours.good), (export.file, "bold"))
    text.append(f"\n  {format_bytes(export.num_bytes)}")
    metric = metric_named(found.metric)
    if metric is not None and found.of_run is not None and found.of_file is not None:
        changed = f"{metric.show(found.of_run)} → {metric.show(found.of_file)}"
        text.append(f", test {metric.label} {changed}")
    within = found.max_logit_difference
    text.append(f", logits within {within:.1e}" if within else ", logits identical")
    for timing in export.timings:
        if timing.what == found.runtime and timing.batch_size == 1:
            text.append(f", {timing.p50_ms:.1f} ms")
    return text
