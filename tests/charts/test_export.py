"""Charts as files: PNG, SVG and CSV."""

import csv
import io
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from PIL import Image

from medtui.charts.export import chart_csv, export_chart
from medtui.charts.palette import PAPER
from medtui.charts.plot import Band, Level, Plot, Series
from medtui.runs.folder import RunFolder

PLOT = Plot(
    "Accuracy by cycle, %",
    (
        Series("val", ((0, 91.0), (1, None), (2, 93.0)), tint=1, letter="B"),
        Series("test", ((0, 90.5), (2, 92.0)), "dots", tint="strong", letter="t",
               intervals=((90.0, 91.0), (91.5, 92.5))),
    ),
    (Level("reference val", 94.0),),
    (Band("± 2 standard errors", ((0, 90.0, 92.0), (2, 92.0, 94.0))),),
    x_label="cycle",
    y_label="accuracy, %",
    remark="kept cycle 2",
)  # fmt: skip


def test_a_chart_is_written_as_png_svg_and_csv(tmp_path: Path) -> None:
    """All three open in other programs; the SVG has its words as text."""
    png, svg, points = export_chart(RunFolder(tmp_path), PLOT)
    assert [path.name for path in (png, svg, points)] == [
        f"accuracy-by-cycle.{kind}" for kind in ("png", "svg", "csv")
    ]
    with Image.open(png) as image:
        image.load()
        assert image.width > 1500
    text = "".join(ET.parse(svg).getroot().itertext())  # noqa: S314 - our own file
    for words in ("Accuracy by cycle, %", "B val", "t test", "reference val", "cycle",
                  "accuracy, %", "kept cycle 2", "± 2 standard errors"):  # fmt: skip
        assert words in text
    assert PAPER.series[1].lower() in svg.read_text(encoding="utf-8")
    assert points.read_text(encoding="utf-8") == chart_csv(PLOT)


def test_the_points_of_a_chart_have_gaps_intervals_and_bands() -> None:
    """A row a point; what was not measured is empty."""
    rows = list(csv.reader(io.StringIO(chart_csv(PLOT))))
    assert rows[0] == ["series", "cycle", "y", "low", "high"]
    assert rows[2] == ["val", "1", "", "", ""]
    assert rows[4] == ["test", "0", "90.5", "90.0", "91.0"]
    assert rows[-1] == ["± 2 standard errors", "2", "", "92.0", "94.0"]


def test_a_plain_chart_has_three_columns() -> None:
    """Curves alone need no more."""
    plot = Plot("Memory", (Series("used", ((0.0, 1.5),)),), x_label="minute")
    assert chart_csv(plot) == "series,minute,y\nused,0,1.5\n"


def test_rows_are_named_in_the_points() -> None:
    """The number of a row means nothing in a file."""
    plot = Plot("Change", (Series("B", ((0.3, 1.0),)),), x_label="points", rows=("x", "Prune 0.1"))
    assert chart_csv(plot) == "series,points,row\nB,0.3,Prune 0.1\n"


def test_nothing_loads_matplotlib_before_a_file_is_drawn() -> None:
    """It costs the application's start-up most of a second; screens never need it."""
    code = (
        "import sys, medtui.tui.app, medtui.charts.export, medtui.charts.render_matplotlib, "
        "medtui.charts.figures.registry; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_point_beyond_the_axis_is_named_at_its_edge(tmp_path: Path) -> None:
    """What a screen shows off its scale is not lost in a file."""
    near = Series("Prune", ((5.0, 98.0),), "dots", letter="A")
    far = Series("collapsed", ((3.0, 46.8),), "dots", letter="D")
    plot = Plot("Test accuracy, %", (near, far), y_limits=(96.0, 100.0), is_x_log=True)
    _, svg, _ = export_chart(RunFolder(tmp_path), plot)
    text = "".join(ET.parse(svg).getroot().itertext())  # noqa: S314 - our own file
    assert "D ▼ 46.8" in text
    assert "A ▼" not in text


def test_a_named_place_has_its_name_in_files(tmp_path: Path) -> None:
    """The fine-tuned model is no cycle."""
    points = ((0.0, 91.0), (1.0, 92.0), (1.5, None), (2.0, 93.0))
    plot = Plot("Accuracy, %", (Series("val", points),), x_label="cycle",
                x_names=((2.0, "tuned"),), are_x_whole=True, x_limits=(0.0, 2.0))  # fmt: skip
    _, svg, csv_file = export_chart(RunFolder(tmp_path), plot)
    text = "".join(ET.parse(svg).getroot().itertext())  # noqa: S314 - our own file
    assert "tuned" in text
    assert "val,tuned,93.0" in csv_file.read_text(encoding="utf-8").replace("\r", "")
