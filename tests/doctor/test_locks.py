"""Whether file locks work where runs are stored, according to `doctor`."""

import fcntl
from pathlib import Path

import pytest

from medtui.doctor.locks import examine_locks

MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:40 / {folder} rw,relatime shared:1 - nfs4 server:/runs rw,vers=3,{options}
"""


def refuse(number: int):
    """Return a `flock` that fails with an error number."""

    def flock(*_: object) -> None:
        raise OSError(number, "no locks available")

    return flock


def test_locks_that_work_are_no_problem(tmp_path):
    """A file system with locks, below a folder that does not exist yet; nothing is left there."""
    finding = examine_locks(tmp_path / "not" / "yet")
    assert finding.level == "OK"
    assert finding.text.startswith("flock works on ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [37, 38, 95])
def test_missing_locks_are_a_warning(tmp_path, monkeypatch, number):
    """ENOLCK, ENOSYS and EOPNOTSUPP: heartbeats work, and `doctor` says what that costs."""
    monkeypatch.setattr(fcntl, "flock", refuse(number))
    finding = examine_locks(tmp_path)
    assert finding.level == "warning"
    assert "there is no flock: no locks available" in finding.text
    assert "--runs-dir" in finding.remedy


def test_locks_that_keep_nobody_out_are_a_warning(tmp_path, monkeypatch):
    """A second descriptor gets the same lock."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    finding = examine_locks(tmp_path)
    assert finding.level == "warning"
    assert "keeps nobody out" in finding.text


@pytest.mark.parametrize(
    ("options", "level"),
    [("nolock,proto=tcp", "warning"), ("local_lock=all", "warning"), ("local_lock=none", "OK"),
     ("localflock", "warning"), ("soft", "OK")],
)  # fmt: skip
def test_locks_that_end_at_this_host_are_a_warning(tmp_path, options, level):
    """They work here, so that only the mount options show it; a blank in the path is escaped."""
    folder = tmp_path / "my runs"
    folder.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(folder=str(folder).replace(" ", r"\040"), options=options))
    finding = examine_locks(folder, mounts)
    assert finding.level == level
    assert "nfs4" in finding.text
    assert examine_locks(tmp_path, mounts).facts["file_system"] == "ext4"


def test_a_folder_that_cannot_be_written_is_not_tested():
    """The check of the disk reports the same as a failure."""
    finding = examine_locks(Path("/proc/runs"))
    assert finding.level == "warning"
    assert finding.text.startswith("not tested: ")
