"""What a card asks of a person, since no file of a study tells it.

Sources: Mitchell et al. 2019, section 4; Gebru et al. 2018, section 3.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from medtui.evidence.card.parts import Statement
from medtui.preset.toml import Document, DocumentError, Source, parse_table, read_text, validate
from medtui.suggest import did_you_mean

QUESTIONS: Mapping[str, str] = {
    "developers": "Who developed the model, and who answers questions about it?",
    "licence": "Under which licence may the model be used?",
    "code_availability": "Where can others obtain code and model, on which terms?",
    "intended_use": "For which clinical question, and where in the care pathway?",
    "intended_users": "Who uses it, with which training?",
    "out_of_scope": "Which uses is it not made for?",
    "factors": "Which groups, devices and settings may matter beyond those that are measured here, "
    "and which inequalities between groups are known?",
    "metrics_rationale": "Why these metrics and this margin for this use?",
    "ethics": "Which risks and harms were considered, unfair ones too, and what was done about "
    "them?",
    "ethics_approval": "Which committee approved the study, and how was consent given or waived?",
    "limitations": "What is known to limit the results and their generalisation?",
    "recommendations": "What should be done before, while and after the model is used, and with "
    "poor or missing images?",
    "data_motivation": "For which purpose was the data set created, by whom, with which funds?",
    "data_collection": "How, where, when and with which devices were the images acquired, for the "
    "study or before it?",
    "data_eligibility": "Which patients were eligible, and how were they selected?",
    "data_labels": "Who labelled the images, by which reference standard and why by that one, "
    "blind to what, with which agreement?",
    "data_deidentification": "How were the images de-identified?",
    "data_representativeness": "Which population do the patients represent, and which not?",
    "data_uses": "For what else has the data set been used, and for what should it not be?",
    "data_distribution": "How may others obtain the data, on which terms?",
    "data_maintenance": "Who maintains the data set, and how are errors reported?",
    "sample_size": "How was the size of the study arrived at, and is it enough?",
    "external_validation": "On which other sites was the model evaluated, or why on none?",
    "funding": "Who funded the study, and which role had the funders?",
    "conflicts": "Which conflicts of interest have the authors?",
    "registration": "Where are protocol and registration?",
    "involvement": "How were patients and the public involved?",
}
"""Name to question; every one is asked in one place of the card."""


class Answers(Document):
    """A file of answers: `[answers]` with a text for each question that is answered."""

    answers: dict[str, str] = Field(default={})
    """Question's name to its answer."""


def read_answers(path: Path) -> dict[str, str]:
    """Return the answers of a file.

    Raises:
        DocumentError: the file cannot be read, or answers what is not asked.
    """
    text = read_text(path)
    table, source = parse_table(text, str(path)), Source(str(path), text)
    found = validate(Answers, table, source).answers
    problems = [
        source.problem_at(
            ("answers", name), f"no question `{name}`. {did_you_mean(name, QUESTIONS)}"
        )
        for name in found
        if name not in QUESTIONS
    ]
    if problems:
        raise DocumentError(str(path), problems)
    return {name: answer.strip() for name, answer in found.items()}


def template() -> str:
    """Return a file of answers in which every question is still to be answered."""
    lines = ["# Answers for `medtui card --answers FILE`; an empty text is an open question.",
             "[answers]"]  # fmt: skip
    for name, question in QUESTIONS.items():
        lines += [f"# {question}", f'{name} = ""']
    return "\n".join(lines) + "\n"


def statement(name: str, answers: Mapping[str, str]) -> Statement:
    """Return a question with its answer."""
    return Statement(name, QUESTIONS[name], answers.get(name, ""))
