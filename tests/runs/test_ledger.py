"""The ledger of looks: a chain of lines in which every change is found."""

import multiprocessing
import random

import pytest

from medtui.errors import MedtuiError
from medtui.runs.folder import StudyFolder
from medtui.runs.ledger import append_look, read_ledger, settle_ledger, verify_ledger
from medtui.runs.ledger_lines import FIRST, LedgerHead, Look


def look(number: int = 0) -> Look:
    """Return a look that differs from others by its number."""
    return Look(
        verb="gate",
        command=["gate", "small/prune-0.5", "--plan", f"plan-{number}.toml"],
        run="prune-0.5",
        split="test",
        inputs={"prune-0.5/model.safetensors": f"{number:064x}", "Pläne/ä.toml": "0" * 64},
        outcome="pass",
    )


def ledger_of(study: StudyFolder, count: int) -> bytes:
    """Append looks, and return the ledger's bytes."""
    for number in range(count):
        append_look(study, look(number))
    return study.ledger.read_bytes()


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    """Return a study without a ledger."""
    return StudyFolder(tmp_path)


def test_looks_are_chained_and_read_back(study):
    """Each line holds the digest of the line before, and what was appended."""
    ledger_of(study, 3)
    lines = read_ledger(study).lines
    assert [line.seq for line in lines] == [0, 1, 2]
    assert [line.previous for line in lines] == [FIRST, lines[0].hash, lines[1].hash]
    assert lines[2].command == look(2).command
    assert verify_ledger(study) is None
    assert read_ledger(study).head == LedgerHead(3, lines[2].hash)


def test_reading_a_ledger_that_was_never_written_creates_none(study):
    """A study that nobody looked at has no ledger, and readers write none."""
    assert read_ledger(study).head == LedgerHead(0, FIRST)
    assert verify_ledger(study) is None
    assert not study.ledger.exists()


def test_every_changed_byte_is_found_at_its_line(study):
    """A changed byte breaks the line that it is in; a changed newline the one before it as well."""
    whole = ledger_of(study, 4)
    rng = random.Random(1)
    for _ in range(200):
        at = rng.randrange(len(whole))
        changed = bytes([whole[at] ^ 1 << rng.randrange(8)])
        study.ledger.write_bytes(whole[:at] + changed + whole[at + 1 :])
        broken = verify_ledger(study)
        assert broken is not None, f"byte {at} became {changed!r}"
        assert broken.number == whole[:at].count(b"\n") + 1


@pytest.mark.parametrize(
    ("edit", "number"),
    [
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 2),
        (lambda lines: [*lines, lines[1]], 5),
        (lambda lines: [lines[0], lines[1].replace(b'","', b'", "'), *lines[2:]], 2),
    ],
)
def test_removed_moved_repeated_and_reformatted_lines_are_found(study, edit, number):
    """The first line that does not follow the one before it is named."""
    lines = ledger_of(study, 4).splitlines(keepends=True)
    study.ledger.write_bytes(b"".join(edit(lines)))
    broken = verify_ledger(study)
    assert broken is not None
    assert broken.number == number


def test_a_shortened_ledger_is_found_by_an_earlier_head(study):
    """The chain alone does not miss its last lines; whoever knows the head does."""
    whole = ledger_of(study, 4)
    head = read_ledger(study).head
    study.ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert verify_ledger(study) is None
    broken = verify_ledger(study, head)
    assert str(broken) == "line 4: missing: the ledger had 4 lines"
    append_look(study, look(9))
    assert str(verify_ledger(study, head)) == "line 4: another line than the one that was here"


def test_a_ledger_that_grew_agrees_with_an_earlier_head(study):
    """Later looks change nothing of what a head says."""
    ledger_of(study, 2)
    head = read_ledger(study).head
    append_look(study, look(2))
    assert verify_ledger(study, head) is None


def test_an_interrupted_append_is_left_out_and_then_cut_off(study):
    """At every length, the next look follows the last whole line; a lost newline is put back."""
    whole = ledger_of(study, 2)
    first = whole.index(b"\n") + 1
    for cut in (first + 1, first + 40, len(whole) - 2, len(whole) - 1):
        study.ledger.write_bytes(whole[:cut])
        assert len(read_ledger(study).lines) == 1
        assert verify_ledger(study) is not None
        append_look(study, look(7))
        is_whole = cut == len(whole) - 1
        assert len(read_ledger(study).lines) == (3 if is_whole else 2)
        assert verify_ledger(study) is None


def test_a_ledger_is_settled_before_a_look(study):
    """A line that lacks its newline counts, half a line does not; a whole one is not written."""
    whole = ledger_of(study, 2)
    first = whole.index(b"\n") + 1
    for cut, kept in ((first + 40, first), (len(whole) - 1, len(whole)), (len(whole), len(whole))):
        study.ledger.write_bytes(whole[:cut])
        assert len(settle_ledger(study).lines) == whole[:kept].count(b"\n")
        assert study.ledger.read_bytes() == whole[:kept]


def test_settling_a_ledger_that_was_never_written_creates_none(study):
    """A gate whose plan does not fit leaves no file."""
    assert settle_ledger(study).lines == ()
    assert not study.ledger.exists()


def test_nothing_is_appended_to_a_broken_chain(study):
    """A ledger with a changed line stays as it is, and the error names the line."""
    changed = ledger_of(study, 3).replace(b"plan-1", b"plan-8")
    study.ledger.write_bytes(changed)
    with pytest.raises(MedtuiError, match="line 2: its checksum does not match"):
        append_look(study, look(3))
    assert study.ledger.read_bytes() == changed


def _append_five(study: StudyFolder) -> None:
    for number in range(5):
        append_look(study, look(number))


def test_processes_that_append_at_once_leave_one_chain(study):
    """Lines of several writers follow each other."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_five, args=(study,)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert verify_ledger(study) is None
    assert len(read_ledger(study).lines) == 20
