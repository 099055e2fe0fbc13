"""A tiny job in each partition of a Slurm cluster."""

import re
import sys
from pathlib import Path
from shlex import join

from medtui.doctor.nodes import JobEnd, NodeJob, probe_command
from medtui.errors import EnvironmentProblem
from medtui.jobs.schedulers.slurm_queue import call, cancel
from medtui.jobs.schedulers.slurm_script import setup_line
from medtui.preset import Preset
from medtui.storage import read_tail
from medtui.user_folders import expand_home

MINUTES = 10
"""Time limit of a job: importing torch from a cold network disk takes a minute."""

_TAIL_BYTES = 8192


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
        identifier = call(["sbatch", "--parsable", script.name], folder).strip().partition(";")[0]
    except EnvironmentProblem as error:
        refusal = JobEnd(error.message)
        return NodeJob(partition, f"{name}.json", lambda: refusal, lambda: None)

    def state() -> JobEnd | str:
        line = call(["squeue", "--noheader", "--states=all", f"--jobs={identifier}",
                     "--format=%T|%r"]).strip()  # fmt: skip
        word, _, reason = line.partition("|")
        if word in {"PENDING", "CONFIGURING"}:
            return reason or word
        if word in {"RUNNING", "COMPLETING"}:
            return ""
        return JobEnd(_last_line(folder / f"{name}.log") or f"the job ended: {word}, {reason}")

    return NodeJob(
        partition, f"{name}.json", state, lambda: cancel([identifier]), preset.jobs.has_gpu
    )


def _file_name(partition: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", partition)


def _last_line(log: Path) -> str:
    """Return the last line that the job printed, in which Python names the cause of a failure."""
    try:
        text = read_tail(log, _TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return (text.strip().splitlines() or [""])[-1]
