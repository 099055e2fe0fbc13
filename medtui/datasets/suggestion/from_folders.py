"""The card of images in class folders."""

from medtui.datasets.suggestion.classes import order_classes, positive_of
from medtui.datasets.suggestion.draft import Draft
from medtui.datasets.suggestion.folders import Level
from medtui.datasets.suggestion.found import Found, level_lines
from medtui.datasets.suggestion.pixels import look_at_pixels
from medtui.datasets.suggestion.questions import PATTERN, ask_level, ask_patient, ask_split
from medtui.datasets.suggestion.text import counted
from medtui.protocol.suggestion import NONE, Choices, Question


def draft_of_folders(
    found: Found, name: str, choices: Choices
) -> tuple[list[Question], Draft | None]:
    """Return the questions about class folders, and the card if none is open."""
    layout = found.layout
    level_question, level = ask_level(layout, choices)
    patient, pattern = ask_patient((), layout.files, choices)
    split = ask_split({}, layout.parts, [], choices)
    questions = [level_question, patient, split]
    if level is None or any(question.is_open for question in questions):
        return questions, None
    classes = order_classes(level.counts, choices.classes, choices.positive)
    return questions, Draft(
        name=name,
        classes=classes,
        positive=positive_of(classes, choices.positive),
        task="single",
        pixels=(pixels := look_at_pixels(found.folder, layout.files)),
        patient=pattern if patient.chosen == PATTERN else "",
        is_official=split.chosen not in {NONE, ""},
        evidence={
            "format": [*found.notes(), *level_lines(layout)],
            "classes": [f"folders: {counted(level.counts, len(level.counts))}"],
            "channels": [pixels.evidence],
            "patient": _patient_lines(patient, level, found, is_dicom=pixels.is_dicom),
            "split": [f"{each.value}: {each.evidence}" for each in split.candidates],
        },
    )


def _patient_lines(patient: Question, level: Level, found: Found, *, is_dicom: bool) -> list[str]:
    lines = [f"candidates for patients: {each.evidence}" for each in patient.candidates]
    for other in found.layout.levels:
        if other.kind == "identifiers" and other is not level:
            pattern = "([^/]+)" + "/[^/]+" * other.above + "$"
            lines.append(
                f"{len(other.counts):,} folders like {other.value} may be patients: '{pattern}'"
            )
    if not lines and is_dicom:
        lines = ["from the DICOM headers, see below; no pattern was found in the names"]
    if not lines:
        lines = ["no patient was found: images of one patient may be in several splits"]
    return lines
