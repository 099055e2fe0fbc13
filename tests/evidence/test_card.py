"""Model cards: every number is traced, what is unknown is asked, and what changes is found."""

import json
import random
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from medtui.analysis.run_record import read_run_records
from medtui.analysis.table import Table
from medtui.errors import MedtuiError
from medtui.events import DataLoaded, Noted
from medtui.evidence.card.build import ModelCard, build_card
from medtui.evidence.card.checklists import CLAIM, TRIPOD
from medtui.evidence.card.markdown import card_markdown
from medtui.evidence.card.questions import QUESTIONS, read_answers, template
from medtui.evidence.card.record import card_json, read_card, verify_card
from medtui.runs.external_record import (
    ExternalResult,
    TrainingOverlap,
    folder_of,
    write_external,
)
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import append_look
from medtui.runs.ledger_lines import Look
from medtui.runs.log.writer import EventWriter
from medtui.runs.result import read_result
from medtui.storage import digest_of

RUN = "prune-0.9"


def card_of(study: StudyFolder, **answers: str) -> ModelCard:
    """Return the card of the compressed run."""
    records, problems = read_run_records([study.run(RUN)])
    assert not problems
    return build_card(records[0], answers)


def at(tree, key: str):
    """Return the value at a JSON pointer, by code of the test's own."""
    for part in key.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        tree = tree[int(name)] if isinstance(tree, list) else tree[name]
    return tree


def counts(path: Path) -> dict[tuple[str, ...], int]:
    """Return the images of each part, and of each group of it, by code of the test's own."""
    found: dict[tuple[str, ...], int] = {}
    for line in map(json.loads, path.read_text().splitlines()):
        keys = [(line["part"],), *((line["part"], *item) for item in line["subgroups"].items())]
        for key in keys:
            found[key] = found.get(key, 0) + 1
    return found


def test_every_number_stands_in_its_file_under_its_key(gated):
    """Each fact is read again from JSON, TOML, the log and the split."""
    card = card_of(gated)
    assert len(card.facts) > 150
    by_kind = dict.fromkeys(("json", "toml", "events", "split", "ledger", "computed"), 0)
    split = counts(gated.run(RUN).split)
    for fact in card.facts:
        path = gated.path / fact.file
        if path.name == "split.jsonl":
            if fact.key.endswith("images"):
                part, *group = fact.key.split("/")[1:-1]
                assert split[part, *group[1:]] == fact.value
            by_kind["split"] += 1
        elif path.name in {"events.jsonl", "ledger.jsonl"}:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            is_log = path.name == "events.jsonl"
            found = at([line["event"] for line in lines] if is_log else lines, fact.key)
            is_note = is_log and fact.key.endswith("/text")  # without the names behind the colon
            assert (found.partition(": ")[0] if is_note else found) == fact.value
            by_kind[path.stem] += 1
        elif path.suffix == ".npz":
            by_kind["computed"] += 1
        else:
            text = path.read_text()
            tree = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
            assert at(tree, fact.key) == fact.value
            by_kind[path.suffix[1:]] += 1
    assert all(by_kind.values()), by_kind


def test_changes_are_those_of_the_comparison(gated):
    """Numbers that are computed from predictions equal those of the analysis by groups."""
    card = card_of(gated)
    found = {fact.key: fact.value for fact in card.facts if fact.file.endswith("npz")}
    results = [json.loads(gated.run(name).opened.result.read_text()) for name in ("control", RUN)]
    before, after = (each["test"]["metrics"]["accuracy"] for each in results)
    assert found["/all/before"] == pytest.approx(before)
    assert found["/all/change"] == pytest.approx(after - before)
    assert found["/flips/num_changed"] >= 0
    assert "/groups/sex F/before" in found


def test_each_number_that_is_shown_is_a_fact(gated):
    """No cell of a table but those of checklists, digests and sources has another number."""
    card = card_of(gated)
    known = " ".join(fact.shown for fact in card.facts)
    for section in card.sections:
        if section.title in {"Checklists", "Digests"}:
            continue
        for table in (part for part in section.parts if isinstance(part, Table)):
            for row in table.rows:
                for cell in row[1:-1]:
                    for number in re.findall(r"\d[\d,.]*", cell):
                        assert number in known, (table.title, row)


def test_what_no_file_tells_is_asked_and_counted(gated):
    """Each question stands once, with its mark; answers take its place."""
    card = card_of(gated)
    text = card_markdown(card)
    assert len(card.open_questions) == len(QUESTIONS)
    assert text.startswith(f"# Model card: {gated.name}/{RUN}\n\n{len(QUESTIONS)} statements need")
    for name, question in QUESTIONS.items():
        assert f"- **{name}**: [NEEDS INPUT] {question}" in text.replace("\\", "")
    answered = card_of(gated, intended_use="Triage of thin blood films.")
    assert len(answered.open_questions) == len(QUESTIONS) - 1
    assert "**intended_use**: Triage of thin blood films." in card_markdown(answered).replace(
        "\\", ""
    )


def test_what_was_left_out_is_told_without_names(gated):
    """The flow has what was found about the images, and no image or patient by name."""
    run = gated.run(RUN)
    patient = json.loads(run.split.read_text().splitlines()[0])["patient"]
    run.events.unlink()
    with EventWriter(run.events) as log:
        log.write(Noted("3 files without a row: a7.png, b7.png, c7.png"))
        log.write(Noted(f"patient {patient} holds 5 of 9 images of sick. Check the column"))
        log.write(DataLoaded(5, 6, 7, ["healthy", "sick"], "0" * 64))
    card = card_of(gated)
    (flow,) = (part for section in card.sections for part in section.parts
               if isinstance(part, Table) and part.title == "Flow")  # fmt: skip
    assert [row[:2] for row in flow.rows] == [
        ("3 files without a row", ""),
        ("patient (one) holds 5 of 9 images of sick. Check the column", ""),
        ("used in train", "5"),
        ("used in val", "6"),
        ("used in test", "7"),
    ]
    written = card_json(card, "").decode() + card_markdown(card)
    assert "a7.png" not in written
    assert patient not in written


def test_groups_of_patients_are_counted_in_each_split(gated):
    """Demographics are those of the split file, images and patients."""
    card = card_of(gated)
    (table,) = (part for section in card.sections for part in section.parts
                if isinstance(part, Table) and part.title == "Demographics by split")  # fmt: skip
    split = [json.loads(line) for line in gated.run(RUN).split.read_text().splitlines()]
    rows = {row[0]: row[1:4] for row in table.rows}
    for kind, value in {item for line in split for item in line["subgroups"].items()}:
        for at, part in enumerate(("train", "val", "test")):
            found = [line for line in split
                     if line["part"] == part and line["subgroups"].get(kind) == value]  # fmt: skip
            patients = {line["patient"] for line in found}
            for what, count in (("images", len(found)), ("patients", len(patients))):
                shown = rows[f"{kind} {value}: {what}"][at]
                assert shown == (str(count) if count else "—")


def test_other_data_sets_stand_beside_the_own_test(gated):
    """Each site has its counts and metrics, found in its file; without one a sentence says so."""
    assert "evaluated on no other data set" in card_markdown(card_of(gated))
    run = gated.run(RUN)
    result = read_result(run)
    site = ExternalResult(
        study=gated.name, run=RUN, site="clinic", digest="ab" * 32, card="x", title="Films",
        split="all", task="single", positive_class="sick", thresholds=[], threshold_rule=None,
        class_map={}, absent_classes=[], left_out={"other": 4}, num_bad=2, has_patients=True,
        measured=result.test, overlap=TrainingOverlap(num_patients=3, unsearched="too many"),
        interval_method="jackknife",
        model=digest_of(b""), predictions=digest_of(b""),
    )  # fmt: skip
    write_external(run, site, b"")
    card = card_of(gated)
    (table,) = (part for section in card.sections for part in section.parts
                if isinstance(part, Table) and part.title.startswith("clinic: Films"))  # fmt: skip
    rows = {row[0]: row[1:3] for row in table.rows}
    assert rows["images that could not be read"] == ("2", "")
    assert rows["patients of train or val among them"] == ("3", "")
    assert "copies of train or val images" not in rows
    text = card_markdown(card)
    assert "Copies of training images were not searched: too many." in text
    assert "left out: other: 4." in text
    there, here = rows["accuracy"]
    assert there == here != "—"
    facts = [fact for fact in card.facts if "/external/" in fact.file]
    tree = json.loads(folder_of(run, site.digest).result.read_text())
    assert len(facts) > 5
    assert all(at(tree, fact.key) == fact.value for fact in facts)


def test_each_item_of_the_checklists_is_there_once():
    """52 parts of 27 items of TRIPOD+AI, 44 items of CLAIM; what they point to exists."""
    assert len({each.number for each in TRIPOD}) == len(TRIPOD) == 52
    assert [each.number for each in CLAIM] == [str(number) for number in range(1, 45)]
    assert {int(re.sub(r"\D", "", each.number)) for each in TRIPOD} == set(range(1, 28))
    for each in (*TRIPOD, *CLAIM):
        assert set(each.questions) <= set(QUESTIONS)
        assert each.section or not each.questions


def test_sections_that_checklists_point_to_exist(gated):
    """And the questions of an item are asked in one of the card's sections."""
    titles = {section.title for section in card_of(gated).sections}
    assert {each.section for each in (*TRIPOD, *CLAIM)} - {""} <= titles


def test_answers_are_read_and_checked(tmp_path):
    """The file that is printed to be filled in is one of answers; unknown names are told."""
    path = tmp_path / "answers.toml"
    path.write_text(template())
    assert read_answers(path) == dict.fromkeys(QUESTIONS, "")
    path.write_text('[answers]\nintended_usr = "x"\nfundin = "y"\n')
    with pytest.raises(
        MedtuiError, match=r":2: no question(.|\n)*:3: no question `fundin`. Did you"
    ):
        read_answers(path)


def test_a_sealed_card_has_no_number_of_test(twins):
    """Sizes and demographics of test are of the data; metrics and shares of classes are sealed."""
    card = card_of(twins.sealed)
    assert not [fact for fact in card.facts if re.match("/test/(metrics|per_class)", fact.key)]
    assert "Test is sealed" in card_markdown(card)
    assert " sealed |" in card_markdown(card)


def verified(card: ModelCard, study: StudyFolder, path: Path) -> list[str]:
    """Return what a written card finds changed."""
    path.write_bytes(card_json(card, card_markdown(card)))
    return [each.what for each in verify_card(read_card(path), study) if not each.is_note]


def test_mutated_bytes_of_weights_digests_and_ledger_are_found(gated, tmp_path):
    """Of 200 changed bytes each is found, in the file that it is in."""
    card, rng = card_of(gated), random.Random(3)
    path = tmp_path / "card.json"
    assert verified(card, gated, path) == []
    stored, run = read_card(path), gated.run(RUN)
    for file in (run.model, run.provenance, gated.ledger, run.opened.result):
        whole = file.read_bytes()
        for _ in range(50):
            place = rng.randrange(len(whole))
            changed = bytes([whole[place] ^ 1 << rng.randrange(8)])
            file.write_bytes(whole[:place] + changed + whole[place + 1 :])
            found = next(verify_card(stored, gated), None)
            assert found is not None, (file, place)
            assert file.name in found.what
        file.write_bytes(whole)


def test_a_shortened_ledger_is_found_by_the_head_in_the_card(gated, tmp_path):
    """Lines that are removed at the end are missed; lines that are added are not."""
    path = tmp_path / "card.json"
    path.write_bytes(card_json(card_of(gated), ""))
    look = Look(verb="evaluate", command=["medtui"], run=RUN, split="test", site="elsewhere")
    append_look(gated, look)
    assert not [each for each in verify_card(read_card(path), gated) if not each.is_note]
    gated.ledger.unlink()
    found = next(verify_card(read_card(path), gated))
    assert "missing: the ledger had 1 line" in found.reason


def test_a_changed_number_of_a_card_is_found(gated, tmp_path):
    """The card's own file has a checksum, and its numbers are read again."""
    path = tmp_path / "card.json"
    content = card_json(card_of(gated), "")
    path.write_bytes(content.replace(b'"value": 116', b'"value": 117', 1))
    with pytest.raises(MedtuiError, match="checksum"):
        read_card(path)
    path.write_bytes(re.sub(rb',\n "checksum".*', b"\n}", content, flags=re.DOTALL).replace(
        b'"value": 116', b'"value": 117', 1
    ))  # fmt: skip
    (found,) = [each for each in verify_card(read_card(path), gated) if not each.is_note]
    assert "is 116, and 117 in the card" in found.reason


def test_a_card_of_a_copied_study_is_verified(gated, tmp_path):
    """The card names files relative to the study."""
    path = tmp_path / "card.json"
    path.write_bytes(card_json(card_of(gated), ""))
    shutil.copytree(gated.path, tmp_path / "elsewhere" / gated.name)
    copy = StudyFolder(tmp_path / "elsewhere" / gated.name)
    assert not [each for each in verify_card(read_card(path), copy) if not each.is_note]
