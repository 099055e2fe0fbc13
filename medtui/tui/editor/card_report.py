"""The evidence for one choice of a card, and the card's text."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from medtui.charts.palette import Colours
from medtui.control_characters import one_line
from medtui.protocol.suggestion import Candidate, Question, Suggestion
from medtui.tui.editor.toml_view import coloured_line
from medtui.tui.widgets.panel import Panel

QUESTIONS = {
    "table": "Table with the labels; none uses class folders",
    "image": "Column of the image names, by its cells",
    "label": "Column of the labels",
    "level": "Folders that are the classes",
    "patient": "Column of the patient; images of a patient stay in one split",
    "split": "Published split; none divides by patient",
    "order": "Order of the classes in the outputs",
    "positive": "Class that sensitivity and specificity are about",
    "accept": "Errors of the data set that a study starts with all the same",
}
"""What each field of the form asks."""


class CardReport(Panel, VerticalScroll, can_focus=False):
    """Shows candidates with their evidence above the card that would be written."""

    DEFAULT_CSS = """
    CardReport {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & Static { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="evidence", markup=False)
        yield Static(id="card-text", markup=False)

    def show(self, suggestion: Suggestion | None, key: str, colours: Colours) -> None:
        """Show a suggestion, None while the folder is inspected; `key` is the focused field."""
        evidence, card = Text(), Text()
        if suggestion is None:
            evidence.append("inspecting the folder …", colours.muted)
        else:
            evidence = _evidence(suggestion, key, colours)
            card = Text("\n").join(
                coloured_line(line, colours)
                for line in (suggestion.card or suggestion.refused_card).splitlines()
            )
        self.caption("Evidence")
        self.query_one("#evidence", Static).update(evidence)
        self.query_one("#card-text", Static).update(card)


def _evidence(suggestion: Suggestion, key: str, colours: Colours) -> Text:
    text = Text()
    if suggestion.problem:
        text.append(f"⚠ {suggestion.problem}\n", colours.warning)
        if not suggestion.questions and suggestion.hint:
            text.append(f"{suggestion.hint}\n", colours.warning)
        text.append("\n")
    elif suggestion.card:
        text.append("✓ the card opens the images · w writes it\n\n", colours.good)
    text.append(f"{QUESTIONS.get(key, '')}\n", f"bold {colours.strong}")
    question = next((each for each in suggestion.questions if each.key == key), None)
    for candidate in question.candidates if question else ():
        text.append_text(_line(candidate, question, colours))
    text.append("\n")
    if not suggestion.card:
        for note in suggestion.notes:
            text.append(f"{one_line(note)}\n", colours.muted)
    return text


def _line(candidate: Candidate, question: Question | None, colours: Colours) -> Text:
    is_chosen = question is not None and candidate.value == question.chosen
    mark = "● " if is_chosen else "○ "
    return Text.assemble(
        (mark + one_line(candidate.value), colours.accent if is_chosen else colours.strong),
        (f"  {one_line(candidate.evidence)}\n", colours.muted),
    )
