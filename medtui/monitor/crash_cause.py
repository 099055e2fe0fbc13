"""Why a run crashed whose worker told nothing, as far as a cluster knows it."""

from medtui.monitor.run_feed import RunFeed

_REMEDIES = {
    "OUT_OF_MEMORY": "; raise slurm.memory in the study's preset.toml",
    "TIMEOUT": "; raise slurm.time in the study's preset.toml",
}
"""Ends of Slurm's jobs that a key of the preset prevents."""


def crash_cause(run: RunFeed) -> str:
    """Return the cause, to stand in a sentence: `its job ended on n1: OUT_OF_MEMORY`."""
    job = run.job
    if job is None or job.is_alive or job.reason in {"", "COMPLETED"}:
        return "its worker exited unexpectedly"
    place = f" on {job.place}" if job.place else ""
    return f"its job ended{place}: {job.reason}{_REMEDIES.get(job.reason, '')}"
