"""How Slurm's programs are called, and how what they say is told."""

import os

import pytest

from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers import slurm_programs
from medtui.jobs.schedulers.slurm_programs import environment_of_programs

LIMIT = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"

FAILED = "Batch job submission failed"

MUNGE = """
sbatch: error: If munged is up, restart with --num-threads=10
sbatch: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2"
sbatch: error: slurm_send_node_msg: auth_g_create: x has authentication error
sbatch: error: Batch job submission failed: Protocol authentication error
"""


def test_jobs_know_nothing_of_this_machines_devices(monkeypatch):
    """Nor of the job in which the supervisor itself runs, nor of an API key."""
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm.conf")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SQUEUE_STATES", "RUNNING")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("COMET_API_KEY", "secret")
    environment = environment_of_programs()
    assert environment["SLURM_CONF"] == "/etc/slurm.conf"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    withheld = {"SLURM_JOB_ID", "SQUEUE_STATES", "CUDA_VISIBLE_DEVICES", "COMET_API_KEY"}
    assert not withheld & set(environment)


def test_a_users_defaults_are_weaker_than_the_script(tmp_path, monkeypatch):
    """`sbatch` would prefer its variables; those that undo what medtui relies on never reach it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    sbatch = programs / "sbatch"
    sbatch.write_text("#!/bin/sh\nenv | grep ^SBATCH_ | sort >&2\necho '7;here'\n")
    sbatch.chmod(0o755)
    seen = list[bytes]()
    run = slurm_programs.subprocess.run

    def record(*arguments: object, **more: object) -> object:
        done = run(*arguments, **more)
        seen.append(done.stderr)
        return done

    monkeypatch.setattr(slurm_programs.subprocess, "run", record)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    for name in ("ACCOUNT", "PARTITION", "NO_REQUEUE", "ARRAY_INX", "WAIT"):
        monkeypatch.setenv(f"SBATCH_{name}", "mine")
    (tmp_path / "job.sh").write_text("#!/bin/bash\n#SBATCH --partition=gpu\n#SBATCH --requeue\n")
    assert slurm_programs.submit(tmp_path) == "7"
    assert seen == [b"SBATCH_ACCOUNT=mine\n"]


@pytest.mark.parametrize(
    ("stderr", "said", "hint"),
    [
        (
            f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: {FAILED}: {LIMIT}\n",
            f"QOSMaxSubmitJobPerUserLimit; {FAILED}: {LIMIT}.", "slurm.max_jobs",
        ),
        (
            MUNGE,
            "Batch job submission failed: Protocol authentication error.", "munge -n | unmunge",
        ),
        (
            f"sbatch: error: Please name a project\nsbatch: error: {FAILED}: Unspecified error\n",
            f"Please name a project; {FAILED}: Unspecified error.", "",
        ),
        (
            "sbatch: error: Batch job submission failed: Invalid feature specification\n",
            "Batch job submission failed: Invalid feature specification.", "slurm.constraint",
        ),
        ("", "exit status 1.", ""),
    ],
)  # fmt: skip
def test_what_slurm_says_is_told_with_what_to_do(tmp_path, monkeypatch, stderr, said, hint):
    """Without its program's name and the lines that explain nothing."""
    (tmp_path / "said").write_text(stderr)
    program = tmp_path / "sbatch"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(EnvironmentProblem) as caught:
        slurm_programs.call(["sbatch"])
    assert caught.value.message == f"sbatch failed: {said}"
    assert hint in caught.value.hint
    assert bool(hint) is bool(caught.value.hint)


def test_a_program_that_does_not_answer_is_named(monkeypatch, tmp_path):
    """And its submission may be repeated."""
    monkeypatch.setattr(slurm_programs, "TIMEOUT_SECONDS", 0.05)
    program = tmp_path / "squeue"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(EnvironmentProblem, match="squeue failed: it did not answer") as caught:
        slurm_programs.list_queue()
    assert slurm_programs.may_pass(caught.value.message)
    assert "scontrol ping" in caught.value.hint
