"""A chart on screen: draws anew only when its plot, its size or its look changed."""

from rich.text import Text
from textual import work
from textual.geometry import Size
from textual.widget import Widget
from textual.worker import get_current_worker

from medtui.tui.lens import Lens, look_through
from medtui.tui.plot import Plot
from medtui.tui.widgets.drawing import ChartStyle, draw, legend_of
from medtui.tui.widgets.framed import Framed


class Chart(Framed, Widget):
    """Shows one plot. Drawing takes up to a tenth of a second and happens in a thread."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.plot: Plot | None = None
        """What is shown."""
        self.lens = Lens()
        """How it is looked at."""
        self._style: ChartStyle | None = None
        self._drawn: tuple[Plot, Size, ChartStyle] | None = None
        self._drawing = Text()

    @property
    def is_drawn(self) -> bool:
        """Whether something is on screen."""
        return bool(self._drawing)

    def show(self, plot: Plot, style: ChartStyle) -> None:
        """Show a plot in place of the one before."""
        self.plot, self._style = plot, style
        self._draw_if_changed()

    def look(self, lens: Lens) -> None:
        """Look at the plot otherwise."""
        self.lens = lens
        self._draw_if_changed()

    def render(self) -> Text:
        """Give the latest drawing."""
        return self._drawing

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw_if_changed()

    def _draw_if_changed(self) -> None:
        if self.plot is None or self._style is None or not self.size:
            return
        seen = look_through(self.lens, self.plot)
        self.caption(seen.title, legend_of(seen, self._style))
        wanted = (seen, self.size, self._style)
        if wanted != self._drawn:
            self._drawn = wanted
            self._draw(*wanted)

    @work(thread=True, exclusive=True, group="drawing", exit_on_error=True)
    def _draw(self, plot: Plot, size: Size, style: ChartStyle) -> None:
        worker = get_current_worker()
        drawing = draw(plot, size.width, size.height, style)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._put, drawing)

    def _put(self, drawing: Text) -> None:
        self._drawing = drawing
        self.refresh()
