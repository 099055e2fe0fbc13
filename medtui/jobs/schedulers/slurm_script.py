"""The script of a Slurm job, as it stands in the folder of its run."""

import re
from collections.abc import Iterator
from shlex import quote

from medtui import __version__
from medtui.jobs.schedulers.task import Task
from medtui.preset import SlurmSettings

SCRIPT_NAME = "job.sh"

STOPPED = 4
"""Exit status of a worker that stopped on request, see `medtui.worker`."""

ATTEMPTS = 360
PAUSE_SECONDS = 10
"""How often a job asks for its own state when it is to be queued again, and the time between."""

WARNING_SECONDS = 120
"""Time between Slurm's signal and the time limit, in which a worker writes a checkpoint."""

_END = """
# Bash runs a trap when `wait` returns. A worker that is asked to stop writes a checkpoint first.
trap 'asked=yes; [ -z "$worker" ] || kill -TERM "$worker"' TERM
status=1
if [ -z "$asked" ]; then
  {command} &
  worker=$!
  [ -z "$asked" ] || kill -TERM "$worker"  # the signal came before the worker had a name
  wait "$worker"; status=$?
  while [ "$status" -gt 128 ] && kill -0 "$worker" 2> /dev/null; do wait "$worker"; status=$?; done
fi

# Asked while the job is running, as near its time limit: it goes on in another job of its name. One
# that is being cancelled or preempted is left to Slurm. A controller that does not answer ends no
# job, so that there is time to wait for it.
if [ -n "$asked" ] && [ "$status" -ne 0 ] &&
  [ "${{SLURM_RESTART_COUNT:-0}}" -lt {max_requeues} ]; then
  for attempt in {{1..{attempts}}}; do
    word=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T) && break
    sleep {pause}
  done
  [ "$word" != RUNNING ] || {{ scontrol requeue "$SLURM_JOB_ID" && sleep 60; }}
fi
[ "$status" -ne {stopped} ] || status=0  # it stopped on request
exit "$status"
"""


def job_name(task: Task, token: str) -> str:
    """Return a job's name, which a listing shows: `medtui.STUDY.RUN.TOKEN`."""
    return re.sub(r"[^A-Za-z0-9._-]", ".", f"medtui.{task.name}.{token}")


def job_script(task: Task, settings: SlurmSettings, *, name: str, device: str, python: str) -> str:
    """Return the script, which `sbatch` is called with in the task's folder.

    Paths stand in the shell's part alone, quoted; keys of the preset in the options are validated
    there.
    """
    command = [python, "-m", task.module, str(task.folder), "--device", device, *task.arguments]
    if task.run is not None:
        command.append("--in-job")
    lines = [
        "#!/bin/bash",
        f"# Written by medtui {__version__} for {name}.",
        *(f"#SBATCH --{option}" for option in _options(task, settings, name)),
        "asked= worker=",
        "export PYTHONSAFEPATH=1  # nothing is imported from the folder of the run",
        *(setup_line(line) for line in settings.setup),
    ]
    end = _END.format(
        command=" ".join(map(quote, command)), max_requeues=settings.max_requeues,
        attempts=ATTEMPTS, pause=PAUSE_SECONDS, stopped=STOPPED,
    )  # fmt: skip
    return "\n".join(lines) + "\n" + end


def _options(task: Task, settings: SlurmSettings, name: str) -> Iterator[str]:
    yield f"job-name={name}"
    yield f"output={task.log.name}"
    yield "open-mode=append"
    yield "export=ALL"
    yield "requeue"
    yield f"signal=B:TERM@{WARNING_SECONDS}"
    yield "nodes=1"
    yield "ntasks=1"
    yield f"cpus-per-task={settings.cpus}"
    asked = {
        "partition": settings.partition,
        "gres": settings.gres,
        "time": settings.time,
        "mem": settings.memory,
        "constraint": settings.constraint,
        "account": settings.account,
        "qos": settings.qos,
    }
    yield from (f"{option}={value}" for option, value in asked.items() if value)


def setup_line(line: str) -> str:
    """Return a line of the user's as one that ends the job if it fails, whatever it contains."""
    said = quote(f"medtui: this line of slurm.setup failed: {line}")
    return f"eval {quote(line)} || {{ echo {said} >&2; exit 1; }}"
