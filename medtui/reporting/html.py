"""The report as one HTML file: no script, nothing from a network, light and dark, and for print."""

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import assert_never

from medtui.analysis.largest_changes import ProbabilityChange
from medtui.analysis.table import Table
from medtui.charts.figures.registry import Figure
from medtui.charts.render_matplotlib import GRID, INK, svg_of
from medtui.reporting.contents import Contents, title_of
from medtui.reporting.parts import Code, Gallery, Heading, Paragraph, Part, Section
from medtui.reporting.sections import sections
from medtui.runs.slug import slugify

_BAD_MARKS = {"worse", "dead"}


def report_html(chapters: Sequence[Contents]) -> str:
    """Return the whole page."""
    style = (Path(__file__).with_name("page.css")).read_text("utf-8")
    body = "\n".join(_body(chapters))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title_of(chapters))}: report</title>\n<style>\n{style}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(chapters: Sequence[Contents]) -> Iterator[str]:
    found = [(contents, sections(contents)) for contents in chapters]
    is_alone = len(chapters) == 1
    navs = []
    for contents, own in found:
        links = " ".join(
            f'<a href="#{_id(section, contents, is_alone=is_alone)}">{escape(section.title)}</a>'
            for section in own
        )
        name = "" if is_alone else f"{escape(contents.name)}: "
        navs.append(f"<nav>{name}{links}</nav>")
    yield (
        f"<header><h1>{escape(title_of(chapters))}</h1>"
        f"<p>Compression of a medical image classifier, measured by medtui</p>"
        f"{''.join(navs)}</header>"
    )
    for contents, own in found:
        if not is_alone:
            yield f"<h1>{escape(contents.name)}</h1>"
        for section in own:
            yield from _section(section, contents, _id(section, contents, is_alone=is_alone))


def _id(section: Section, contents: Contents, *, is_alone: bool) -> str:
    """Return a section's id: its title, after its chapter's where there are several."""
    return slugify(section.title if is_alone else f"{contents.name} {section.title}")


def _section(section: Section, contents: Contents, name: str) -> Iterator[str]:
    yield f'<section id="{name}"><h2>{escape(section.title)}</h2>'
    is_alone = len(section.parts) == 1
    for part in section.parts:
        yield _part(part, contents, name, is_titled=not is_alone)
    yield "</section>"


def _part(part: Part, contents: Contents, section: str, *, is_titled: bool) -> str:
    match part:
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Heading(text):
            return f"<h3>{escape(text)}</h3>"
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Table():
            return _table(part, is_titled=is_titled)
        case Figure():
            return _figure(part, contents, section.replace("figures", "figure"))
        case Gallery():
            return _gallery(part, contents)
        case _:
            assert_never(part)


def _table(table: Table, *, is_titled: bool) -> str:
    title = f"<h3>{escape(table.title)}</h3>" if is_titled else ""
    head = "".join(_cell("th", text, at, table) for at, text in enumerate(table.shown))
    rows = []
    for row, cells in enumerate(table.rows):
        mark = table.mark_of(row)
        kind = ' class="bad"' if mark in _BAD_MARKS else ""
        kind = ' class="chosen"' if mark == "chosen" else kind
        inside = "".join(_cell("td", text, at, table) for at, text in enumerate(cells))
        rows.append(f"<tr{kind}>{inside}</tr>")
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'{title}<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _cell(kind: str, text: str, at: int, table: Table) -> str:
    key = ' class="key"' if at < table.num_keys else ""
    return f"<{kind}{key}>{escape(text)}</{kind}>"


def _figure(figure: Figure, contents: Contents, prefix: str) -> str:
    svg = svg_of(figure.plots(contents.figure_data))
    name = f"{prefix}-{figure.name}"
    svg = _own_names(svg, name).replace(INK, "currentColor").replace(GRID, "var(--line)")
    return (
        f'<figure id="{name}"><h3>{escape(figure.title)}</h3>{svg}'
        f"<figcaption>{escape(figure.describe(contents.figure_data))}</figcaption></figure>"
    )


def _own_names(svg: str, name: str) -> str:
    """Keep the ids of one figure from meaning another's on the same page."""
    for before in ('id="', 'href="#', "url(#"):
        svg = svg.replace(before, f"{before}{name}-")
    return svg


def _gallery(part: Gallery, contents: Contents) -> str:
    shown = [moved for moved in part.analysis.moved if moved.name in contents.pictures]
    images = "".join(_image(moved, contents) for moved in shown)
    title = f"Images whose probabilities changed most: {part.analysis.key}"
    return f'<h3>{escape(title)}</h3><div class="gallery">{images}</div>'


def _image(moved: ProbabilityChange, contents: Contents) -> str:
    from PIL import Image

    pixels_HWC = contents.pictures[moved.name]
    is_grey = pixels_HWC.shape[-1] == 1
    buffer = io.BytesIO()
    Image.fromarray(pixels_HWC[..., 0] if is_grey else pixels_HWC).save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    change = f"{escape(moved.about)} {moved.before:.2f} → {moved.after:.2f}"
    flipped = " <b>changed</b>" if moved.flipped else ""
    return (
        f'<figure><img alt="{escape(moved.name)}" src="data:image/png;base64,{data}">'
        f"{change}{flipped}<br>{escape(moved.labels)}, patient {escape(moved.patient)}</figure>"
    )
