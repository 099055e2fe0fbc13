"""The Subgroups tab: groups with verdicts, patients by loss, images whose answer changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widgets import DataTable, Static
from textual.worker import get_current_worker

from medtui.analysis.changed_images import ChangedImage
from medtui.analysis.subgroup_analysis import SubgroupAnalysis
from medtui.charts.palette import Colours
from medtui.tui.compare.changed_pictures import draw_changed
from medtui.tui.compare.subgroup_text import (
    baseline_word,
    describe_holm,
    describe_patient,
    describe_patients,
    draw_groups,
    patient_cells,
    title_of_groups,
)
from medtui.tui.threads import call_for
from medtui.tui.widgets.panel import TextPanel
from medtui.tui.widgets.table import Column, RecordTable
from medtui.tui.widgets.table_view import TableView

if TYPE_CHECKING:
    from medtui.datasets.image_lookup import Picture

_FRAME_AND_GAPS = 6
"""Cells of a frame's lower edge that its caption does not get."""

_ALL = "all images"
"""The row in place of patients where these are unknown."""

_SIDES = 3
"""Cells beside the table of groups: the padding and the scrollbar."""

_MOST_READ = 96
_MOST_OF_PATIENT = 24
"""Images that are read at once: of the patients with the largest losses, some of each."""

PictureReader = Callable[[list[str]], "tuple[dict[str, Picture], str]"]
"""Reads images by name; returns those that could be read, and why others could not."""

_COLUMNS = (
    Column("patient", "patient", 8, grows=True, keeps_end=True),
    Column("images", "images", 6, rank=1, justify="right"),
    Column("before", "control", 7, rank=2, justify="right"),
    Column("change", "change", 6, justify="right"),
)


def _columns_against(other: str) -> tuple[Column, ...]:
    return tuple(replace(each, label=other) if each.key == "before" else each for each in _COLUMNS)


class PatientTable(RecordTable):
    """Patients, the largest loss first."""

    GAP = 1


class SubgroupsPane(Container):
    """Shows one analysis; images are read in a thread, one process at a time."""

    DEFAULT_CSS = """
    SubgroupsPane {
        display: none;
        height: 1fr;
        & #subgroup-header { height: 1; padding: 0 1; }
        & #groups { height: auto; max-height: 50%; }
        & #by-patient { height: 1fr; }
        & #patients { width: 41; height: 100%; }
        & #changed { width: 1fr; height: 100%; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="subgroups")
        self._analysis: SubgroupAnalysis | None = None
        self._changed: tuple[ChangedImage, ...] = ()
        self._pictures: dict[str, Picture] = {}
        self._problem = ""
        self._read: PictureReader | None = None
        self._asked: set[str] = set()
        self._awaited: set[str] = set()
        """Images that are being read."""
        self._colours: Colours | None = None
        self._reading = Lock()

    @property
    def is_zoomed(self) -> bool:
        """Whether the images alone are shown."""
        return not self.query_one("#patients").display

    def zoom_images(self, *, is_zoomed: bool) -> None:
        """Show the images alone, or groups and patients again."""
        self.query_one("#groups").display = self.query_one("#patients").display = not is_zoomed
        self.call_after_refresh(self._draw_images)

    def compose(self) -> ComposeResult:
        yield Static(id="subgroup-header")
        yield TableView(id="groups")
        with Horizontal(id="by-patient"):
            yield PatientTable(_COLUMNS, id="patients")
            yield TextPanel(id="changed")

    def show_words(self, header: Text) -> None:
        """Show a sentence alone: what is computed, or why there is nothing."""
        self._analysis = None
        self.query_one("#subgroup-header", Static).update(header)
        self.query_one("#groups").display = False
        self.query_one("#by-patient").display = False

    def show_analysis(
        self,
        header: Text,
        analysis: SubgroupAnalysis,
        changed: tuple[ChangedImage, ...],
        read: PictureReader | None,
        colours: Colours,
    ) -> None:
        """Show an analysis; `read` is None where the run's settings are not known."""
        is_other = self._analysis is None or self._analysis.key != analysis.key
        self._analysis, self._changed, self._read = analysis, changed, read
        self._colours = colours
        if is_other:
            self._asked.clear()
            self._awaited.clear()
            self._problem = ""
        self.query_one("#subgroup-header", Static).update(header)
        self.query_one("#groups").display = not self.is_zoomed
        self.query_one("#by-patient").display = True
        self.query_one("#groups", TableView).caption(
            title_of_groups(analysis), Text(describe_holm(analysis), style=colours.muted)
        )
        table = self.query_one(PatientTable)
        table.set_columns(_columns_against(baseline_word(analysis)))
        table.show(
            {each.patient: patient_cells(each, colours) for each in analysis.patients}
            or {_ALL: {"patient": Text(_ALL)}}
        )
        table.caption(
            "Patients, % right",
            describe_patients(analysis, colours, table.outer_size.width - _FRAME_AND_GAPS),
        )
        self.call_after_refresh(self._draw)
        self._ask_for(self._first_images())

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the images of the patient under the cursor."""
        event.stop()
        self._draw_images()
        self._ask_for([each.name for each in self._of_patient[:_MOST_OF_PATIENT]])

    @property
    def _of_patient(self) -> Sequence[ChangedImage]:
        """The changed images of the patient under the cursor."""
        selected = self.query_one(PatientTable).selected
        if selected == _ALL:
            return self._changed
        return [each for each in self._changed if each.patient == selected]

    def _first_images(self) -> list[str]:
        """Return the images that are read first: of the patients with the largest losses."""
        assert self._analysis is not None, "called for an analysis"
        order = {each.patient: at for at, each in enumerate(self._analysis.patients)}
        counts, names = dict[str, int](), list[str]()
        for each in sorted(self._changed, key=lambda one: order.get(one.patient, 0)):
            counts[each.patient] = counts.get(each.patient, 0) + 1
            if counts[each.patient] <= _MOST_OF_PATIENT:
                names.append(each.name)
        return names[:_MOST_READ]

    def _ask_for(self, names: Sequence[str]) -> None:
        """Read images that were not asked for yet."""
        wanted = [name for name in names if name not in self._asked]
        if wanted and self._read is not None:
            self._asked.update(wanted)
            self._awaited.update(wanted)
            self._read_pictures(self._read, wanted)

    @work(thread=True, group="pictures")
    def _read_pictures(self, read: PictureReader, names: list[str]) -> None:
        worker = get_current_worker()
        with self._reading:
            if worker.is_cancelled:
                return
            pictures, problem = read(names)
        if not worker.is_cancelled:
            call_for(self, self._take, names, pictures, problem)

    def _take(self, names: list[str], pictures: "dict[str, Picture]", problem: str) -> None:
        self._awaited.difference_update(names)
        self._pictures |= pictures
        self._problem = problem or self._problem
        self._draw_images()

    def _draw(self) -> None:
        if self._analysis is None or self._colours is None:
            return
        panel = self.query_one("#groups", TableView)
        if panel.size:
            text = draw_groups(self._analysis, panel.size.width - _SIDES, self._colours)
            panel.show((text,), self._colours)
        self._draw_images()

    def _draw_images(self) -> None:
        panel = self.query_one("#changed", TextPanel)
        if self._analysis is None or self._colours is None or not panel.content_size:
            return
        changed, size = self._of_patient, panel.content_size
        patient = self.query_one(PatientTable).selected or _ALL
        panel.caption(
            f"{patient}: answers that changed",
            describe_patient(
                changed, self._num_images(patient), baseline_word(self._analysis), self._colours
            ),
        )
        is_ascii = getattr(self.app, "is_ascii", False)
        pictures = {} if is_ascii else self._pictures
        is_reading = not is_ascii and any(each.name in self._awaited for each in changed)
        panel.show_text(
            draw_changed(changed, pictures, size.width, size.height, self._colours,
                         problem=self._problem, is_reading=is_reading)
        )  # fmt: skip

    def _num_images(self, patient: str) -> int:
        assert self._analysis is not None, "drawn for an analysis"
        found = (each.num_images for each in self._analysis.patients if each.patient == patient)
        return next(found, self._analysis.num_images)
