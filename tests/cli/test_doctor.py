"""`medtui doctor` as a shell starts it."""

import json

from medtui import __version__


def test_every_line_is_an_object_and_torch_stays_outside(medtui):
    """Torch is imported in a child process; each finding has subject, level and text."""
    done = medtui("doctor", "--json", PYTHONPROFILEIMPORTTIME="1")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {finding["subject"] for finding in findings} >= {
        "Python", "torch", "Condensa", "pynvml", "Comet", "Driver", "Processor", "Disk: runs",
        "Disk: cache", "Terminal", "Logout",
    }  # fmt: skip
    assert {finding["level"] for finding in findings} <= {"OK", "warning", "failure"}
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"torch", "condensa", "comet_ml", "pynvml", "textual"}


def test_a_failure_exits_3_with_its_remedy(medtui):
    """No user can write into /proc."""
    done = medtui("doctor", "--runs-dir", "/proc/runs", COLUMNS="80", COMET_API_KEY="hidden-key")
    assert done.returncode == 3
    assert "failure  Disk: runs   /proc cannot be written" in done.stdout
    assert "→ choose another folder with --runs-dir" in done.stdout
    assert "API key from COMET_API_KEY" in done.stdout
    assert "hidden-key" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_doctor_with_a_scheduler_prints_an_object_a_node(medtui, slurm_cluster, tmp_path):
    """Both partitions answer, from this very host."""
    done = medtui("doctor", "--scheduler", "slurm", "--json", "--runs-dir", str(tmp_path / "runs"))
    findings = {each["subject"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert set(findings) == {"gpu", "urgent"}, done.stderr
    assert done.returncode == 0, done.stdout
    facts = findings["gpu"]["facts"]
    assert (facts["medtui"], facts["locks"]) == (__version__, "same host")
    assert not list((tmp_path / "runs").iterdir())
