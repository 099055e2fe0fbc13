"""The card's JSON file: its facts and digests, by which the card is checked later."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from medtui.analysis.run_record import RunRecord, read_run_records
from medtui.errors import MedtuiError, UsageError
from medtui.evidence.card.build import ModelCard
from medtui.evidence.card.digests import Digests, code_digest
from medtui.evidence.card.documents import Documents
from medtui.evidence.card.facts import Fact
from medtui.runs.folder import StudyFolder
from medtui.runs.json_record import encode_json_record, require_json_record
from medtui.runs.ledger import verify_ledger
from medtui.storage import MissingFile, UnreadableFile, digest_of, digest_of_file


class CardRecord(msgspec.Struct, frozen=True):
    """Content of `NAME.json` beside `NAME.md`."""

    study: str
    run: str
    """Name of the run."""
    open_questions: list[str]
    """Names of the statements that a person has still to make."""
    facts: list[Fact]
    digests: Digests
    markdown: str = ""
    """SHA-256 of the Markdown file when it was written, which a person may complete since."""


@dataclass(frozen=True)
class CardProblem:
    """What no longer agrees with a card."""

    what: str
    """A file, a fact, the ledger."""
    reason: str
    is_note: bool = False
    """Whether it is told without being wrong."""


_decoder = msgspec.json.Decoder(CardRecord)


def card_json(card: ModelCard, markdown: str) -> bytes:
    """Return the card's JSON file, with its own checksum."""
    study, _, run = card.run.partition("/")
    names = [statement.name for statement in card.open_questions]
    digest = digest_of(markdown.encode()).sha256
    return encode_json_record(CardRecord(study, run, names, list(card.facts), card.digests, digest))


def read_card(path: Path) -> CardRecord:
    """Return a card's JSON file.

    Raises:
        UnreadableFile: it is missing, or differs from what was written.
    """
    return require_json_record(path, _decoder)


def verify_card(card: CardRecord, study: StudyFolder) -> Iterator[CardProblem]:
    """Yield what no longer agrees: files, then the ledger, then every number of the card.

    Raises:
        UsageError: the run is not finished any more.
    """
    damaged = False
    for name, expected in card.digests.files.items():
        for problem in _check_file(study, name, expected):
            damaged = True
            yield problem
    if broken := verify_ledger(study, card.digests.ledger):
        damaged = True
        yield CardProblem("ledger.jsonl", str(broken))
    if card.digests.code != code_digest():
        yield CardProblem(
            "code", f"the card was written by other modules (medtui {card.digests.version})",
            is_note=True,
        )  # fmt: skip
    if not damaged:  # else every number of a damaged file would be told
        yield from _check_facts(card, _record_of(study, card.run))


def _check_file(study: StudyFolder, name: str, expected: str) -> Iterator[CardProblem]:
    try:
        found = digest_of_file(study.path / name).sha256
    except MissingFile:
        yield CardProblem(name, "it is missing")
    except UnreadableFile as error:
        yield CardProblem(name, error.reason)
    else:
        if found != expected:
            yield CardProblem(name, "its SHA-256 is not the one in the card")


def _record_of(study: StudyFolder, name: str) -> RunRecord:
    records, problems = read_run_records([study.run(name)])
    if not records:
        raise UsageError(problems[0] if problems else f"{study.name}/{name} is not finished.")
    return records[0]


def _check_facts(card: CardRecord, record: RunRecord) -> Iterator[CardProblem]:
    documents = Documents(record)
    if documents.record.data_digest is not None:
        found = documents.record.data_digest.data_digest
        if found != card.digests.data:
            yield CardProblem("data", f"the run was trained on {found}")
    for fact in card.facts:
        try:
            value = documents.value(fact.file, fact.key)
        except MedtuiError as error:
            yield CardProblem(f"{fact.file}: {fact.key}", error.message)
            continue
        if msgspec.to_builtins(value) != fact.value:
            yield CardProblem(
                f"{fact.file}: {fact.key}", f"is {value}, and {fact.value} in the card"
            )
