"""The sections about the data: flow, partitions, demographics, and the data sheet."""

from collections.abc import Iterator, Mapping

from medtui.analysis.subgroup_analysis import by_number
from medtui.analysis.table import Table
from medtui.datasets.card import Card
from medtui.evidence.card.documents import pointer
from medtui.evidence.card.facts import Facts, source
from medtui.evidence.card.parts import CardPart, CardSection, Sentence
from medtui.evidence.card.questions import statement
from medtui.evidence.card.rows import Rows
from medtui.runs.result import Result
from medtui.units import MISSING, format_count, format_percent

Answers = Mapping[str, str]

PARTS = ("train", "val", "test")

_ASSIGNMENT = (
    "The split named card is that of the data set's card. Fractions of train, val and test apply "
    "where no official list decides."
)


def data(facts: Facts) -> CardSection:
    """Return which images were left out, and what each split is made of (Mitchell 4.5, 4.6)."""
    return CardSection("Training and evaluation data", tuple(_data(facts)))


def _data(facts: Facts) -> Iterator[CardPart]:
    result = facts.documents.record.result
    yield _flow(facts)
    if result.population:
        yield Sentence(f"{result.population.rstrip('.')}.")
    yield _assignment(facts)
    yield _partitions(facts)
    yield _prevalences(facts, result)
    yield _demographics(facts)
    apart = (
        "No patient, as the data set names them, is in more than one split."
        if result.has_patients
        else "Patients are unknown, or are in several splits: results may be too optimistic."
    )
    yield Sentence(apart)
    for name, sentence in result.accepted.items():
        yield Sentence(f"Accepted by the preset ({name}): {sentence}.")


def _flow(facts: Facts) -> Table:
    """Return what was left out or noticed before the images were split, as the run's log has it."""
    file, rows = f"{facts.documents.run.name}/events.jsonl", Rows(facts)
    events = facts.raw(file, "") or {}
    loaded = next((seq for seq, each in events.items() if each.get("kind") == "DataLoaded"), None)
    if loaded is None:
        rows.add_text("The log of the run says nothing of its data.", "")
        return rows.table("Flow", "step", "images")
    for seq, event in events.items():
        if event.get("kind") == "Noted" and int(seq) < int(loaded):
            key = pointer(seq, "text")
            rows.rows.append((facts.show(file, key), "", source(file, key)))
    for part in PARTS:
        rows.add(f"used in {part}", file, pointer(loaded, f"num_{part}"), format_count)
    return rows.table("Flow", "step", "images")


def _assignment(facts: Facts) -> Table:
    """Return how images came into the splits."""
    file, rows = f"{facts.documents.run.name}/preset.toml", Rows(facts)
    for key in ("split", "fractions", "seed", "limit"):
        rows.add(f"data.{key}", file, pointer("data", key))
    return rows.table("Assignment to splits", "setting", "value", note=_ASSIGNMENT)


def _partitions(facts: Facts) -> Table:
    """Return images and patients of each split."""
    file, rows = f"{facts.documents.run.name}/split.jsonl", Rows(facts)
    for what in ("images", "patients"):
        rows.add_cells(what, file, [(pointer(part, what), format_count) for part in PARTS])
    return rows.table("Splits", "", *PARTS)


def _prevalences(facts: Facts, result: Result) -> Table:
    rows = Rows(facts)
    for name in result.test.per_class:
        cells = [(pointer(part, "per_class", name, "prevalence"), format_percent)
                 for part in ("val", "test")]  # fmt: skip
        rows.add_cells(name, facts.documents.result_file, cells)
    return rows.table("Share of images with each class", "class", "val", "test")


def _demographics(facts: Facts) -> Table:
    """Return the patients of each split by group (TRIPOD+AI 20b, CLAIM 36)."""
    file, rows = f"{facts.documents.run.name}/split.jsonl", Rows(facts)
    known: dict[tuple[str, str], None] = {}
    for part in PARTS:
        for kind, values in (facts.raw(file, pointer(part, "groups")) or {}).items():
            known |= dict.fromkeys((kind, value) for value in values)
    has_patients = facts.has(file, "/test/patients")
    for kind, value in sorted(known, key=lambda each: (each[0], by_number(each[1]))):
        for what in ("images", *(["patients"] if has_patients else [])):
            cells = [(pointer(part, "groups", kind, value, what), format_count) for part in PARTS]
            rows.add_cells(f"{kind} {value}: {what}", file, cells)
    if not rows.rows:
        rows.add_text("The card of the data set names no groups.", *[MISSING] * len(PARTS))
    return rows.table("Demographics by split", "group", *PARTS)


def data_sheet(card: Card | None, answers: Answers) -> CardSection:
    """Return the data sheet (Gebru 3.1 to 3.7)."""
    known = [
        Sentence(f"{label}: {text.rstrip('.')}.")
        for label, text in (
            ("Data set", (card.title or card.name) if card else ""),
            ("Source", card.source if card else ""),
            ("Licence", card.licence if card else ""),
            ("Citation", card.citation if card else ""),
        )
        if text
    ]
    names = (
        "data_motivation", "data_collection", "data_eligibility", "data_labels",
        "data_deidentification", "data_representativeness", "data_uses", "data_distribution",
        "data_maintenance",
    )  # fmt: skip
    asked = tuple(statement(name, answers) for name in names)
    composition = Sentence(
        "Composition and preprocessing: see Training and evaluation data, and Model details."
    )
    return CardSection("Data sheet", (*known, composition, *asked))
