"""A tiny job in each partition of a Slurm cluster."""

import re
import sys
from pathlib import Path
from shlex import join

from medtui.doctor.node_job import JobEnd, NodeJob, probe_command
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm_programs import call, cancel, submit
from medtui.jobs.schedulers.slurm_script import setup_line
from medtui.preset import Preset
from medtui.storage import read_tail
from medtui.user_folders import expand_home

MINUTES = 10
"""Time limit of a job: importing torch from a cold network disk takes a minute."""

_TAIL_BYTES = 8192

_NOT_SHARED = (
    "mount the runs folder at the same path on all nodes, or name a shared one with --runs-dir"
)

_NO_SUCH_NODE = JobEnd(
    "no node of the partition has all that the preset asks for",
    "compare slurm.cpus, memory, gres and constraint with `sinfo --Node --long`",
)

_NEVER = {
    "PartitionDown": JobEnd(
        "the partition is down: it accepts jobs, and starts none",
        "choose another slurm.partition, or ask the cluster's administrators",
    ),
    "PartitionInactive": JobEnd(
        "the partition is inactive: it starts no job",
        "choose another slurm.partition, or ask the cluster's administrators",
    ),
    "PartitionTimeLimit": JobEnd(
        f"its time limit is shorter than the {MINUTES} minutes of this check",
        "choose another slurm.partition",
    ),
    "BadConstraints": _NO_SUCH_NODE,
    "PartitionConfig": _NO_SUCH_NODE,
    "JobHeld": JobEnd(
        "Slurm holds the job: it is not started",
        "ask the cluster's administrators; `scontrol show job` tells more",
    ),
}
"""Part of the reason why a job waits to what it means, where waiting longer is of no use.

Source: squeue(1), "Job reason codes", of Slurm 22.05.
"""


def start_in_partitions(preset: Preset, folder: Path, data: str) -> list[NodeJob]:
    """Submit a job to each partition that the preset names, else to each that there is.

    Raises:
        EnvironmentProblem: Slurm does not answer, has no partition, or refuses a job.
    """
    named = [name for name in preset.jobs.partition.split(",") if name]
    listed = call(["sinfo", "--noheader", "--format=%R"]).split()
    partitions = named or list(dict.fromkeys(listed))
    if not partitions:
        raise EnvironmentProblem("sinfo lists no partition.")
    return [_submit(preset, folder, data, partition) for partition in partitions]


def probe_script(preset: Preset, folder: Path, data: str, partition: str) -> str:
    """Return the script of the job in a partition: it asks for what a run would."""
    jobs, name = preset.jobs, _file_name(partition)
    python = str(expand_home(jobs.python)) if jobs.python else sys.executable
    options = {
        "job-name": "medtui-doctor", "partition": partition, "output": f"{name}.log",
        "time": f"{MINUTES}", "nodes": "1", "ntasks": "1", "cpus-per-task": f"{jobs.cpus}",
        "gres": jobs.gres, "mem": jobs.memory, "constraint": jobs.constraint,
        "account": jobs.account, "qos": jobs.qos,
    }  # fmt: skip
    command = join(probe_command(folder, f"{name}.json", data, python))
    return "\n".join([
        "#!/bin/bash",
        *(f"#SBATCH --{option}={value}" for option, value in options.items() if value),
        "export PYTHONSAFEPATH=1",
        *(setup_line(line) for line in jobs.setup),
        f"exec {command}",
        "",
    ])  # fmt: skip


def _submit(preset: Preset, folder: Path, data: str, partition: str) -> NodeJob:
    name = _file_name(partition)
    script = folder / f"{name}.sh"
    script.write_text(probe_script(preset, folder, data, partition), encoding="utf-8")
    try:
        identifier = submit(folder, script.name)
    except EnvironmentProblem as error:
        refusal = JobEnd(error.message, error.hint)
        return NodeJob(partition, f"{name}.json", lambda: refusal, lambda: None)

    never = list[JobEnd]()

    def state() -> JobEnd | str:
        if never:
            return never[0]
        found = state_of_job(identifier, folder / f"{name}.log")
        if found in _NEVER.values() and isinstance(found, JobEnd):
            cancel([identifier])
            never.append(found)
        return found

    return NodeJob(
        partition, f"{name}.json", state, lambda: cancel([identifier]), preset.jobs.has_gpu
    )


def state_of_job(identifier: str, log: Path) -> JobEnd | str:
    """Return how a job ended or why it never starts, or why it waits; empty while it runs."""
    asked = ["squeue", "--noheader", "--states=all", f"--jobs={identifier}", "--format=%T|%N|%r"]
    try:
        line = call(asked).strip()
    except EnvironmentProblem as error:
        return f"Slurm does not answer: {error.message}"
    word, _, rest = line.partition("|")
    node, _, reason = rest.partition("|")
    if word in {"PENDING", "CONFIGURING"}:
        end = next((end for part, end in _NEVER.items() if part in reason), None)
        return end or reason or word
    if word in {"RUNNING", "COMPLETING"}:
        return ""
    if node and not log.exists():
        text = f"the job ended on {node} ({word}), but nothing that it wrote is in {log.parent}"
        return JobEnd(text, _NOT_SHARED)
    where = f" on {node}" if node else ""
    return JobEnd(_last_line(log) or f"the job ended{where}: {word}, {reason}")


def _file_name(partition: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", partition)


def _last_line(log: Path) -> str:
    """Return the last line that the job printed, in which Python names the cause of a failure."""
    try:
        text = read_tail(log, _TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return (text.strip().splitlines() or [""])[-1]
