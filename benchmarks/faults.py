"""Prints the table of `faults.md` from what the tests of faults counted.

`make faults` runs them, and this: `python -m benchmarks.faults FILE`.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

_NAMES = {
    "worker killed": "a worker killed at a random moment, once to three times",
    "worker killed at a change of a file": "a worker killed at a random change of a file",
    "gate killed at a change of a file": "a gate killed at each change of a file or within a write",
    "evaluation killed at a change of a file": "an evaluation killed at changes of files 1 to 39",
    "follower or run killed": "a tracker's follower or its run, killed up to eight times",
    "follower killed at a change of a file": "a follower killed at a random change of a file",
    "processes of a study killed": "worker, supervisor, sampler, fork server or all, five kills",
    "fork server killed": "a fork server killed around a request, eight times",
    "disk fault": "a file operation that fails, once or from then on",
    "race in two containers": "processes in two containers that race for a folder",
    "suspended through a takeover": "a writer suspended through a takeover, and continued",
    "stop across a pid namespace": "a stop from another container",
    "malformed document": "a quarter of the malformed presets, cards and options",
    "SIGTERM to process 1": "SIGTERM to process 1 of a container",
    "takeover by real workers": "a suspended study with real workers that is taken over",
} | {
    f"Slurm: {name} killed{when}": f"{name} of a Slurm cluster, killed {text}; then until {end}"
    for name in ("slurmctld", "munged", "slurmd")
    for when, text, end in (
        (" under the reference", "until a run has ended", "the next run"),
        ("", "and started again", "the next event"),
    )
} | {
    f"Ray: kill_{name}": f"{text} of a Ray cluster, killed under two runs; then until two run again"
    for name, text in (
        ("raylet", "a node's raylet"), ("worker", "a worker"), ("actor", "a run's actor"),
        ("supervisor", "a study's supervisor"), ("head", "the head"),
    )
}  # fmt: skip


def main() -> None:
    """Print one row for each kind of fault."""
    figures = defaultdict[str, list[dict[str, Any]]](list)
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        figure = json.loads(line)
        figures[figure["name"]].append(figure)
    print("| fault | runs | details |")
    print("| --- | --- | --- |")
    for name, text in _NAMES.items():
        if found := figures[name]:
            print(f"| {text} | {len(found):,} | {_details(found)} |")


def _details(found: list[dict[str, Any]]) -> str:
    texts = []
    for key, noun in (("kills", "kills"), ("forked", "processes forked"), ("racers", "racers"),
                      ("failed", "runs that failed"), ("tried", "tried"), ("refused", "refused"),
                      ("toml", "of these valid TOML")):  # fmt: skip
        if key in found[0]:
            texts.append(f"{sum(each[key] for each in found):,} {noun}")
    seconds = sorted(each["seconds"] for each in found if "seconds" in each)
    if seconds:
        median = seconds[len(seconds) // 2]
        texts.append(f"median {median:.1f} s, longest {seconds[-1]:.1f} s")
    return "; ".join(texts)


if __name__ == "__main__":
    main()
