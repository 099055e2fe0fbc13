"""Builds the card of a run."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from medtui.analysis.run_record import RunRecord
from medtui.datasets.card import Card as DataCard
from medtui.datasets.card import load_card
from medtui.errors import MedtuiError
from medtui.evidence.card import data_sections, evidence_sections, model_sections, site_sections
from medtui.evidence.card.checklists import checklists
from medtui.evidence.card.digests import Digests, digests_of
from medtui.evidence.card.documents import Documents
from medtui.evidence.card.facts import Fact, Facts
from medtui.evidence.card.parts import CardSection, Statement
from medtui.evidence.card.questions import QUESTIONS


@dataclass(frozen=True)
class ModelCard:
    """A card, with what it was made of."""

    run: str
    """`study/run`."""
    sections: tuple[CardSection, ...]
    facts: tuple[Fact, ...]
    digests: Digests

    @property
    def open_questions(self) -> list[Statement]:
        """The statements that a person has still to make."""
        parts = [part for section in self.sections for part in section.parts]
        return [part for part in parts if isinstance(part, Statement) and not part.answer]


def build_card(record: RunRecord, answers: Mapping[str, str]) -> ModelCard:
    """Return the card of a finished run.

    Raises:
        MedtuiError: a file of the run cannot be read.
    """
    documents = Documents(record)
    digests, facts, card = digests_of(documents), Facts(documents), _data_card(record)
    sections = (
        model_sections.details(facts, card, answers),
        model_sections.intended_use(answers),
        model_sections.factors(facts, answers),
        model_sections.metrics(facts, answers),
        data_sections.data(facts),
        model_sections.results(facts),
        evidence_sections.changes(facts),
        site_sections.sites(facts),
        evidence_sections.looks(facts, digests),
        evidence_sections.considerations(answers),
        evidence_sections.caveats(facts, answers),
        data_sections.data_sheet(card, answers),
        checklists(answers),
        evidence_sections.digest_section(digests, documents.run.study),
    )
    built = ModelCard(record.key, sections, tuple(facts.all), digests)
    asked = [part.name for section in sections for part in section.parts
             if isinstance(part, Statement)]  # fmt: skip
    assert sorted(asked) == sorted(QUESTIONS), "each question is asked once"
    return built


def _data_card(record: RunRecord) -> DataCard | None:
    with suppress(MedtuiError):
        return load_card(record.preset.data.card)[0] if record.preset else None
    return None
