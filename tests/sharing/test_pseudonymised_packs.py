"""A pseudonymised pack holds no name of the source, and the same numbers."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medtui.runs.external_record import read_answers, read_externals
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import read_ledger, verify_ledger
from medtui.runs.predictions import read_predictions
from medtui.runs.verification import verify_study
from medtui.sharing.members import Chosen, Member
from medtui.sharing.opening import open_pack
from medtui.sharing.pseudonyms import drawn_pseudonyms
from medtui.sharing.shared_packs import pack, pack_pseudonymised
from medtui.sharing.study_copy import StudyCopy
from medtui.sharing.sweep import NamesRemain
from tests.helpers.identifying_study import fail

MIN_LENGTH = 4
"""Shorter names are numbers like any other; see `test_every_row_has_a_pseudonym`."""


def packed(study: StudyFolder, path: Path, key: Path | None = None) -> Path:
    """Pack a study under pseudonyms; return the pack."""
    pack_pseudonymised(path, [Chosen(study, tuple(study.runs()))], [], key)
    return path


@pytest.fixture
def opened(study, tmp_path, monkeypatch) -> StudyFolder:
    """Return the study as its pack opens it."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "cache"))
    return StudyFolder(open_pack(packed(study, tmp_path / "films.zip")) / "films")


def contents_of(path: Path) -> dict[str, bytes]:
    """Return every file of a pack, with the arrays in it as files of their own."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found[name] = archive.read(name)
            if name.endswith(".npz"):
                with zipfile.ZipFile(io.BytesIO(found[name])) as arrays:
                    found |= {f"{name}/{each}": arrays.read(each) for each in arrays.namelist()}
    return found


def test_no_name_of_the_source_is_in_any_byte(identifying, study, tmp_path):
    """Patients, images, parts of their paths, folders, user and host: in no encoding."""
    contents = contents_of(packed(study, tmp_path / "films.zip"))
    names = {name for name in identifying.names if len(name) >= MIN_LENGTH}
    assert len(names) > 150
    for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
        words = {name.encode(encoding) for name in names}
        left = [(word, file) for file, each in contents.items() for word in words if word in each]
        assert not left
    everything = b"".join(contents.values()) + "".join(contents).encode()
    for word in ("Vogel", "Иванов", "ukx.example", "GPU-1", "d1" * 32, "e2" * 32, "e2" * 6):
        assert word.encode() not in everything
    with zipfile.ZipFile(tmp_path / "films.zip") as archive:
        assert not [name for name in archive.namelist() if name.endswith((".log", ".txt"))]


def test_the_source_has_these_names(identifying, tmp_path):
    """The test above would find them: they are in the files, as they are packed as well."""
    study = identifying.study
    pack(tmp_path / "plain.zip", [Chosen(study, tuple(study.runs()))], [])
    everything = b"".join(contents_of(tmp_path / "plain.zip").values())
    for name in identifying.names - {"a.meier@ukx.example"}:
        assert name.encode() in everything or name.encode("utf-32-le") in everything


def test_every_row_has_a_pseudonym(study, opened):
    """Also where names are too short to be searched; the order of rows is that of pseudonyms."""
    for run in opened.runs():
        for stored in read_predictions(run.predictions).splits.values():
            assert all(re.fullmatch(r"image-\d{6}", name) for name in stored.names)
            assert all(re.fullmatch(r"patient-\d{4}", name) for name in stored.patients)
            assert stored.names == sorted(stored.names)
        for line in map(json.loads, run.split.read_text().splitlines()):
            assert re.fullmatch(r"image-\d{6}", line["name"])
            assert re.fullmatch(r"patient-\d{4}", line["patient"])


def test_pseudonyms_mean_the_same_everywhere(study, opened):
    """One image has one name in all runs, lists and data sets, and its labels and logits."""
    before, after = study.run("prune-0.5"), opened.run("prune-0.5")
    source, copy = (read_predictions(run.predictions) for run in (before, after))
    for split, stored in source.splits.items():
        rows = {tuple(row): at for at, row in enumerate(stored.logits_NK.tolist())}
        assert len(rows) == len(stored.names)
        renamed = copy.splits[split]
        order = [rows[tuple(row)] for row in renamed.logits_NK.tolist()]
        assert np.array_equal(stored.labels[order], renamed.labels)
        pairs = {
            (stored.patients[at], name) for at, name in zip(order, renamed.patients, strict=True)
        }
        assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})
    patient_of = {
        line["name"]: line["patient"]
        for line in map(json.loads, after.split.read_text().splitlines())
    }
    for stored in copy.splits.values():
        assert [patient_of[name] for name in stored.names] == stored.patients
    (external,), problems = read_externals(after)
    answers = read_answers(after, external)
    assert not problems
    assert {*external.overlap.patients} <= {*answers.patients} & {*patient_of.values()}


def test_all_files_are_what_their_checksums_say(opened):
    """Records, digests and the ledger's chain are those of the copies."""
    checks = list(verify_study(opened))
    assert not [check for check in checks if check.state != "ok"]
    assert {"result.json", "predictions.npz", "ledger.jsonl"} <= {each.path.name for each in checks}
    assert verify_ledger(opened) is None
    line = read_ledger(opened).lines[0]
    assert line.command == ["medtui", "evaluate", "withheld"]
    assert all((opened.path / name).is_file() for name in line.results)


@pytest.fixture
def named(medtui, study, tmp_path):
    """Return a function that shows a verb's output of the pack, under the names of the source."""
    path, key = tmp_path / "films.zip", tmp_path / "key.json"
    medtui("runs", "pack", "films", "--pseudonymise", "-o", path, "--key", key)
    meaning = json.loads(key.read_bytes())
    names = meaning["patients"] | meaning["images"]

    def show(*words: str) -> str:
        shown = medtui(*words, "--runs-dir", path)
        return re.sub(r"(patient|image)-\d+", lambda found: f'"{names[found[0]]}"', shown)

    return show


def test_compared_runs_have_the_numbers_of_the_source(medtui, named):
    """Values, intervals, paired changes and settings are the same; only places differ."""
    for words in (["runs", "compare", "films"], ["runs", "show", "films"]):
        found = [json.loads(line) for line in named(*words, "--json").splitlines()]
        wanted = [json.loads(line) for line in medtui(*words, "--json").splitlines()]
        assert len(found) == len(wanted) == 3
        (numbers, others), (wanted_numbers, wanted_others) = map(_leaves, (found, wanted))
        assert numbers == pytest.approx(wanted_numbers, rel=1e-9, abs=1e-12)
        assert others == wanted_others


_OTHER = {"folder", "root", "card", "note", "digest", "files", "warnings", "accepted", "problem",
          "predictions", "findings"}  # fmt: skip
"""Keys of places, of digests and of what is withheld."""


def _leaves(value) -> tuple[dict[str, float], dict[str, object]]:
    """Return the numbers of a JSON tree by their paths, and its other values."""
    numbers, others = {}, {}
    rest = [("", value)]
    while rest:
        at, each = rest.pop()
        if isinstance(each, dict | list):
            inner = each.items() if isinstance(each, dict) else enumerate(each)
            rest += [(f"{at}/{key}", value) for key, value in inner if key not in _OTHER]
        elif isinstance(each, int | float):
            numbers[at] = each
        else:
            others[at] = each
    return numbers, others


def test_tables_have_the_rows_of_the_source(medtui, named):
    """Patients with their numbers; equal rows may stand in another order."""
    words = ["runs", "compare", "films", "--patients", "--csv"]
    found, wanted = (
        sorted(csv.reader(io.StringIO(shown))) for shown in (named(*words), medtui(*words))
    )
    assert [[cell.strip('"') for cell in row] for row in found] == wanted


def test_the_key_turns_pseudonyms_back(study, tmp_path):
    """Its owner alone may read it, and it is never written over."""
    key = tmp_path / "key.json"
    packed(study, tmp_path / "films.zip", key)
    assert key.stat().st_mode & 0o777 == 0o600
    meaning = json.loads(key.read_bytes())
    patients = {line["patient"] for line in map(json.loads, study.reference.split.open())}
    assert patients <= {*meaning["patients"].values()}
    with pytest.raises(Exception, match="exists"):
        packed(study, tmp_path / "again.zip", key)
    assert not (tmp_path / "again.zip").exists()


def test_two_packs_cannot_be_joined(study, tmp_path):
    """Each draws its own pseudonyms and digests."""
    first, second = (
        contents_of(packed(study, tmp_path / f"{name}.zip"))["films/reference/predictions.npz"]
        for name in "ab"
    )
    assert first != second


def test_a_failed_run_tells_no_file(identifying, study, tmp_path, monkeypatch):
    """Its message, which may name anything, is withheld."""
    fail(study.run("prune-0.05"))
    contents = contents_of(packed(study, tmp_path / "films.zip"))
    log = contents["films/prune-0.05/events.jsonl"].decode()
    assert "its message was withheld" in log


def test_what_the_rules_miss_is_found_before_anything_is_written(study, tmp_path, monkeypatch):
    """A name that is left in any file, in any form of numpy or Windows, refuses the pack."""
    image = read_predictions(study.reference.predictions).splits["val"].names[0]
    members = StudyCopy.members
    for content in (
        image.encode(), image.encode("utf-16-le"), image.encode("utf-32-be"),
        json.dumps({"x": image}).encode(), np.array([image]).tobytes(),
    ):  # fmt: skip
        hidden = Member("films/reference/telemetry.jsonl", b'{"x": 1}\n')
        weights = Member("films/x.safetensors", (2).to_bytes(8, "little") + b"{}" + content)
        monkeypatch.setattr(
            StudyCopy, "members", lambda self, extra=(hidden, weights): [*members(self), *extra[1:]]
        )
        with pytest.raises(NamesRemain, match=re.escape("x.safetensors")):
            packed(study, tmp_path / "films.zip")
        assert not list(tmp_path.glob("*.zip"))
        assert not list(tmp_path.glob(".*"))


def test_a_patient_number_is_found_in_texts_but_not_in_measurements(study, tmp_path, monkeypatch):
    """Numbers of results are full of digits, of which none is a patient."""
    members = StudyCopy.members
    number = next(
        patient
        for patient in read_predictions(study.reference.predictions).splits["test"].patients
        if re.fullmatch(r"10023\d{3}", patient)
    )
    for value, is_found in ((int(number), False), (f"of patient {number}.", True)):
        extra = Member("films/search.json", json.dumps({"x": value}).encode())
        monkeypatch.setattr(StudyCopy, "members", lambda self, e=extra: [*members(self), e])
        if is_found:
            with pytest.raises(NamesRemain, match=number):
                packed(study, tmp_path / "films.zip")
        else:
            packed(study, tmp_path / "films.zip").unlink()


def test_a_packed_pseudonymised_study_can_be_packed_again(opened, tmp_path):
    """Pseudonyms are names like any others."""
    packed(opened, tmp_path / "again.zip")


def test_unknown_patients_are_their_images(study, tmp_path):
    """Where patients are unknown, an image and its patient have one pseudonym."""
    from medtui.sharing.identifiers import identifiers_of
    from tests.helpers.altered_runs import alter_study, forget_patients

    for run in study.runs():
        run.split.unlink()
    alter_study(study, forget_patients)
    pseudonyms = drawn_pseudonyms(identifiers_of([Chosen(study, (study.reference,))]))
    name = read_predictions(study.reference.predictions).splits["val"].names[0]
    assert pseudonyms.patient(name, name) == pseudonyms.image(name)
    assert replace(pseudonyms, secret=b"").patient(name, name) == pseudonyms.image(name)
