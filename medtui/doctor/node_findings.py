"""What a probed node is worth: one finding for each partition or node of a cluster."""

from collections.abc import Iterator

import msgspec

from medtui import __version__
from medtui.doctor.finding import Finding, Level
from medtui.doctor.node_probe import NodeFacts
from medtui.runs.ownership.liveness import SILENT_SECONDS

CLOCK_SECONDS = 2.0
"""A difference between clocks that is named: times of events are then out of order."""

_LEVELS: tuple[Level, ...] = ("OK", "warning", "failure")


class Here(msgspec.Struct, frozen=True):
    """The machine on which `doctor` runs."""

    boot_id: str
    python: str
    """Version."""
    clock_offset_s: float
    """As in `NodeFacts`."""


class ProbedPlace(msgspec.Struct, frozen=True):
    """What the job in a partition, or on a node, came to."""

    name: str
    facts: NodeFacts | None = None
    """None where it did not answer."""
    problem: str = ""
    """Why not."""
    remedy: str = ""
    """What to do about it; empty where the node's software or folders are to be looked at."""
    is_waiting: bool = False
    """Whether it had not been started when `doctor` gave up."""
    has_gpu: bool = False
    """Whether it asked for a GPU."""


Problem = tuple[Level, str, str]
"""Level, what was found, and the remedy."""


def examine_place(place: ProbedPlace, here: Here) -> Finding:
    """Return the finding about a place; its facts are a row of `doctor`'s table, too."""
    subject, facts = place.name, place.facts
    if facts is None:
        if place.is_waiting:
            remedy = "ask again when there is room, or wait longer with --wait"
            return Finding(subject, "warning", place.problem, remedy)
        usual = "install medtui there, and mount the runs folder, both at the same path as here"
        return Finding(subject, "failure", place.problem, place.remedy or usual)
    problems = [*_software(facts, here), *_gpu(facts, place), *_storage(facts, here)]
    level: Level = max((each[0] for each in problems), key=_LEVELS.index, default="OK")
    text = "; ".join(each[1] for each in problems) or "can compute runs"
    values = msgspec.to_builtins(facts) | {
        "clock_skew_s": clock_skew(facts, here),
        "locks": describe_locks(facts, here),
    }
    return Finding(
        subject, level, f"{facts.host}: {text}", "; ".join(each[2] for each in problems), values
    )


def clock_skew(facts: NodeFacts, here: Here) -> float:
    """Return the node's clock minus this machine's, seconds."""
    return round(facts.clock_offset_s - here.clock_offset_s, 3)


def describe_locks(facts: NodeFacts, here: Here) -> str:
    """Return how far locks are known to reach: `across hosts`."""
    if not facts.sees_locks:
        return "this host only"
    return "same host" if facts.boot_id and facts.boot_id == here.boot_id else "across hosts"


def _software(facts: NodeFacts, here: Here) -> Iterator[Problem]:
    if facts.medtui != __version__:
        text = f"medtui {facts.medtui}, here {__version__}"
        yield "failure", text, f"pip install medtui=={__version__} there"
    if _minor(facts.python) != _minor(here.python):
        text = f"Python {facts.python}, here {here.python}"
        yield "warning", text, "use the same version in both places"
    torch = facts.torch
    if not torch.torch or not torch.condensa:
        yield "failure", torch.problem or "no torch", "pip install medtui in that environment"


def _gpu(facts: NodeFacts, place: ProbedPlace) -> Iterator[Problem]:
    if not place.has_gpu or facts.torch.gpus or not facts.torch.torch:
        return
    if facts.torch.built_for_cuda is None:
        yield "failure", "torch is built without CUDA", "install a CUDA build of torch there"
        return
    text = f"torch finds no GPU (built for CUDA {facts.torch.built_for_cuda})"
    remedy = "check the job's GPU (gres, num_gpus), the node's driver, and --nv of a container"
    yield "failure", text, remedy


def _storage(facts: NodeFacts, here: Here) -> Iterator[Problem]:
    if facts.data_problem:
        yield "failure", facts.data_problem, "mount the data at the same path on every node"
    if not facts.sees_locks:
        text = f"locks end at a host: what was killed can be resumed after {SILENT_SECONDS:.0f} s"
        yield "warning", text, "mount the runs folder with locks for all hosts"
    skew = clock_skew(facts, here)
    if abs(skew) > CLOCK_SECONDS:
        text = f"its clock is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
        yield "warning", text, "synchronise the clocks (NTP); results do not depend on them"


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
