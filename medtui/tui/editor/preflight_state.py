"""Result of checking the edited preset on this machine, and its summary."""

from dataclasses import dataclass, field

from rich.text import Text

from medtui.charts.palette import Colours
from medtui.errors import MedtuiError, UsageError
from medtui.form_hints import for_form
from medtui.preset import describe_searches
from medtui.preset.grid import describe_count
from medtui.preset.toml import Problem
from medtui.protocol.preflight import CellForecast, Estimate, Preflight
from medtui.tui.editor.document import PresetDocument
from medtui.tui.editor.grid import Place
from medtui.tui.editor.labels import with_labels
from medtui.units import format_estimate, plural


@dataclass
class PreflightState:
    """The outcome of the latest check."""

    forecasts: dict[Place, CellForecast] = field(default_factory=dict)
    """What each cell is expected to keep."""
    notes: list[str] = field(default_factory=list)
    """Messages that do not belong to a key of the preset."""
    problem: Problem | None = None
    """Why the preset cannot be run here; None where it can, or before it was checked."""
    estimate: Estimate | None = None
    is_outdated: bool = False
    """Whether the estimate is of an earlier preset."""
    is_running: bool = False
    """Whether a check is running."""

    def take(self, outcome: Preflight | MedtuiError) -> None:
        """Replace the result of the previous check."""
        self.is_outdated = False
        if isinstance(outcome, MedtuiError):
            said = for_form(str(outcome))
            self.forecasts, self.notes, self.estimate = {}, [said], None
            is_refused = bool(outcome.key) or isinstance(outcome, UsageError)
            self.problem = Problem(said, outcome.key) if is_refused else None
        else:
            self.forecasts = {(cell.scheme, cell.density): cell for cell in outcome.cells}
            self.notes, self.estimate = _notes(outcome), outcome.estimate
            self.problem = None

    def forget(self) -> None:
        """Keep the estimate of another preset as outdated, and discard its problem."""
        self.is_outdated, self.problem = True, None

    def problems_of(self, document: PresetDocument) -> list[Problem]:
        """Return the errors of a document, those on this machine included."""
        return [*document.problems, *([self.problem] if self.problem else [])]

    def report(self, document: PresetDocument) -> str:
        """Return what a check found, in one line for where nothing else of it is in view."""
        problems = self.problems_of(document)
        if problems:
            first = with_labels(problems[0].sentence.partition("\n")[0], "compress")
            return f"{plural(len(problems), 'problem')}: {first}"
        notes = [note.partition("\n")[0] for note in self.notes]
        if document.preset is None:
            return ""
        parts = [f"{describe_count(document.preset)} runs"]
        if self.estimate is not None:
            parts.append(f"about {format_estimate(self.estimate.seconds_study)}")
        parts += notes[:1] or ["nothing is wrong"]
        parts += [f"{len(notes) - 1} more above the preset"] if len(notes) > 1 else []
        return " · ".join(parts)

    def summarise(self, document: PresetDocument, colours: Colours) -> Text:
        """Return the size of the study and its estimate, or how many problems there are."""
        preset, count = document.preset, len(self.problems_of(document))
        if preset is None or count:
            return Text(f"⚠ {plural(count, 'problem')}", colours.warning)
        text = Text(f"{describe_count(preset)} runs", colours.muted)
        if self.estimate is not None:
            style = colours.muted if self.is_outdated else colours.strong
            text.append(f" · about {format_estimate(self.estimate.seconds_study)}", style)
        return text.append(" · measuring …" if self.is_running else "", colours.muted)


def summarise_search(document: PresetDocument, colours: Colours) -> Text:
    """Return the cost of the search, and how to enable or disable it."""
    if not document.has("search"):
        return Text("Disabled: only the grid is run.", colours.muted)
    if document.preset is None:
        return Text("The cost is shown when the preset has no errors.", colours.warning)
    how = "Press Space in the column Search to remove a scheme"
    how += "; without schemes the search is disabled." if document.preset.compress.schemes else "."
    return Text.assemble(f"{describe_searches(document.preset)}. ", (how, colours.muted))


def _notes(found: Preflight) -> list[str]:
    """Return what the check found, beginning with what `model.init` gives."""
    start = [f"model.init: {found.initial.sentence}"] if found.initial else []
    return start + found.notes
