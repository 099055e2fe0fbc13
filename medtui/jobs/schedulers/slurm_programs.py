"""Slurm's programs as medtui calls them, and what is to be done about what they refuse."""

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from medtui.child_process import child_environment
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm_script import SCRIPT_NAME
from medtui.storage import read_bytes

TIMEOUT_SECONDS = 60.0
"""How long one of Slurm's programs may take; its controller may be busy."""

LISTING_FORMAT = "%i|%T|%r|%N|%j"
"""What `squeue` prints of a job: identifier, state, reason, nodes, name."""

_MAX_SCRIPT_BYTES = 1024 * 1024

_MAX_LINES = 3
"""Last lines of what a program said that are repeated: the cluster's plugins explain themselves."""

_NOISE = re.compile(r"If munged is up|auth_g_|slurm_send_node_msg|Munge .*code failed")
"""Lines of Slurm that explain nothing beside the last one."""

_UNREACHABLE = (
    "Unable to contact slurm controller", "Socket timed out", "Connection refused",
    "did not answer within", "Protocol authentication error", "Zero Bytes were transmitted",
    "Unable to establish controller machine", "Unable to establish control machine",
    "standby mode", "Message receive failure", "Insane message length",
)  # fmt: skip
"""Parts of messages after which it is unknown whether Slurm has received the request.

Source: slurm_errno.c of Slurm 22.05.
"""

_LATER = ("SubmitJob", "temporarily", "try again in a bit")
"""Parts of refusals that end by themselves: limits of what a user may submit, a busy controller.

`SubmitJob` is a part of all such limits: `QOSMaxSubmitJobPerUserLimit`, `AssocGrpSubmitJobsLimit`,
`MaxSubmitJobsPerAccount`. Source: job_reason_string in slurm_protocol_defs.c of Slurm 22.05.
"""

_REMEDIES = {
    "Protocol authentication": "munge does not work here or at the controller: "
    "`munge -n | unmunge` tests it here.",
    "SubmitJob": "Set slurm.max_jobs to less than the limit, or wait until other jobs end.",
    "QOS policy": "`sacctmgr show associations user=$USER`, `sacctmgr show qos` list the limits.",
    "Invalid partition": "`sinfo --summarize` lists the partitions for slurm.partition.",
    "Invalid feature": "`sinfo --format='%P %N %f'` lists the features for slurm.constraint.",
    "Invalid account": "`sacctmgr show associations user=$USER` lists what slurm.account, with the "
    "partition, may be.",
    "Invalid qos": "`sacctmgr show associations user=$USER` lists what slurm.qos may be.",
    "(gres)": "`sinfo --format='%P %N %G'` lists the resources for slurm.gres.",
    "Requested node configuration": "No node of the partition has slurm.cpus, slurm.memory, "
    "slurm.gres and slurm.constraint together: `sinfo --Node --long` lists the nodes.",
    "can not be satisfied": "No node of the partition has as much as slurm.cpus and slurm.memory "
    "say: `sinfo --Node --long` lists the nodes.",
    "time limit": "`sinfo --format='%P %l'` lists the longest slurm.time of each partition.",
    "Required partition not available": "It takes no jobs now: choose another slurm.partition, "
    "`sinfo --summarize` lists them.",
}
"""Part of a message to what a user can do."""

_UNREACHABLE_REMEDY = (
    "Slurm's controller does not answer; `scontrol ping` asks it. Try again later."
)

_WITHHELD = frozenset({"CUDA_VISIBLE_DEVICES", "COMET_API_KEY"})

_DEFAULTS = {
    "SBATCH_ACCOUNT": "account", "SBATCH_CONSTRAINT": "constraint", "SBATCH_GRES": "gres",
    "SBATCH_MEM_PER_NODE": "mem", "SBATCH_PARTITION": "partition", "SBATCH_QOS": "qos",
    "SBATCH_RESERVATION": "reservation", "SBATCH_TIMELIMIT": "time", "SBATCH_WCKEY": "wckey",
}  # fmt: skip
"""A user's defaults for options that a script may leave open. `sbatch` would prefer them to it."""

_KEPT = frozenset({"SLURM_CONF", "SLURM_CONF_SERVER", *_DEFAULTS})
"""Variables of Slurm that name the cluster, and those defaults."""

_SLURMS = ("SLURM_", "SBATCH_", "SQUEUE_", "SCANCEL_", "SINFO_", "SCONTROL_", "SALLOC_", "SRUN_")
"""Beginnings of variables that change what Slurm's programs do or print.

Those of `SLURM_` are of the job in which this process may run, those of `SBATCH_` are stronger than
the script: `SBATCH_NO_REQUEUE` would undo it, `SCANCEL_INTERACTIVE` ask a question.
"""


def call(
    command: Sequence[str], folder: Path | None = None, *, withheld: Collection[str] = ()
) -> str:
    """Return the output of one of Slurm's programs, without some variables in its environment.

    Raises:
        EnvironmentProblem: there is no such program, or it failed; with what it said.
    """
    program = command[0]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment_of_programs(withheld), check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise EnvironmentProblem(
            f'{program} was not found, but machine.scheduler = "slurm" needs it.',
            hint="Start the study where sbatch works, or set machine.scheduler to local.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise explain(program, f"it did not answer within {TIMEOUT_SECONDS:.0f} s") from error
    except OSError as error:
        raise EnvironmentProblem(f"{program} failed: {error}.") from error
    if done.returncode != 0:
        raise explain(program, _said(done.stderr) or f"exit status {done.returncode}")
    return done.stdout.decode(errors="replace")


def explain(program: str, said: str) -> EnvironmentProblem:
    """Return what one of Slurm's programs said as an error, with a hint what to do."""
    hint = next((remedy for part, remedy in _REMEDIES.items() if part in said), "")
    if not hint and is_unreachable(said):
        hint = _UNREACHABLE_REMEDY
    return EnvironmentProblem(f"{program} failed: {said.removesuffix('.')}.", hint=hint)


def is_unreachable(message: str) -> bool:
    """Return whether Slurm's controller did not answer, so that nobody knows what it has done."""
    return any(part in message for part in _UNREACHABLE)


def may_pass(message: str) -> bool:
    """Return whether a later submission may be accepted."""
    return is_unreachable(message) or any(part in message for part in _LATER)


def submit(folder: Path, script: str = SCRIPT_NAME) -> str:
    """Submit a script in a folder; return the job's identifier. Its options are the strongest.

    Raises:
        EnvironmentProblem: as `call`.
        OSError: the script cannot be read.
    """
    text = read_bytes(folder / script, _MAX_SCRIPT_BYTES).decode()
    options = set(re.findall(r"^#SBATCH --([a-z-]+)=", text, re.MULTILINE))
    withheld = [name for name, option in _DEFAULTS.items() if option in options]
    said = call(["sbatch", "--parsable", script], folder, withheld=withheld)
    return said.strip().partition(";")[0]  # behind it, the cluster of a federation


def cancel(ids: Sequence[str], *, is_killed: bool = False) -> None:
    """Cancel jobs, those that run by SIGTERM; `is_killed` states that they are killed at once.

    Raises:
        EnvironmentProblem: as `call`.
    """
    call(["scancel", *(["--signal=KILL"] if is_killed else []), *ids])


def release(ids: Sequence[str]) -> None:
    """Let jobs start that are held.

    Raises:
        EnvironmentProblem: as `call`.
    """
    call(["scontrol", "release", *ids])


def list_queue() -> str:
    """Return a line for each job of this user, also of those that ended in the last minutes.

    Raises:
        EnvironmentProblem: as `call`.
    """
    command = ["squeue", f"--user={os.getuid()}", "--states=all", "--noheader"]
    return call([*command, f"--format={LISTING_FORMAT}"])


def environment_of_programs(withheld: Collection[str] = ()) -> dict[str, str]:
    """Return the environment of Slurm's programs, which jobs inherit, without these variables.

    The devices of this machine, and the job in which this process may run, are none of theirs; nor
    is how the user lists jobs. Slurm stores the environment of jobs, which need no API key.
    """
    return {
        name: value
        for name, value in child_environment().items()
        if name not in withheld
        and (name in _KEPT or not (name.startswith(_SLURMS) or name in _WITHHELD))
    }


def _said(stderr: bytes) -> str:
    """Return the last lines that a program printed, without its name and without noise."""
    lines = [
        re.sub(r"^\w+: (?:(?:error|fatal): )?", "", line.strip())
        for line in stderr.decode(errors="replace").splitlines()
        if line.strip()
    ]
    told = [line for line in lines[:-1] if not _NOISE.search(line)] + lines[-1:]
    return "; ".join(dict.fromkeys(told[-_MAX_LINES:]))
