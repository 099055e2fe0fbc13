"""What the name of a run's folder says: its kind, and the reference that it compresses."""

import re

REFERENCE = "reference"
"""Name of the first reference's folder in its study; further ones are followed by `-s1`."""

CONTROL = "control"
"""Name of the dense control's folder in its study, followed by its seeds: `-s1-r1`."""

SCRATCH = "scratch"
"""Name of the folder of the network that is trained from scratch."""

_PROBE = "-probe"
"""Ends the names of low-fidelity runs."""

_SEEDS = re.compile(rf"(?P<all>(-s[0-9]+)?(-r(?P<reference>[0-9]+))?)({_PROBE})?$")


def is_reference(name: str) -> bool:
    """Return whether a run is the training of a dense model."""
    return _names(REFERENCE, name)


def is_control(name: str) -> bool:
    """Return whether a run is a dense control."""
    return _names(CONTROL, name)


def is_compression(name: str) -> bool:
    """Return whether a run is a compression, and of no other kind."""
    return not is_reference(name) and not is_control(name) and name != SCRATCH


def names_probe(name: str) -> bool:
    """Return whether a run is a low-fidelity run of a search."""
    return name.endswith(_PROBE)


def main_stage(name: str) -> str:
    """Return the stage whose epochs or cycles are plotted; a network from scratch has epochs."""
    return "reference" if is_reference(name) or name == SCRATCH else "compress"


def name_of_reference(seed: int | None) -> str:
    """Return the name of the reference of a seed; None for the first."""
    return REFERENCE if seed is None else f"{REFERENCE}-s{seed}"


def rank(name: str) -> tuple[bool, bool]:
    """Return what sorts a study's runs: the first reference, the others, then all other runs."""
    return name != REFERENCE, not is_reference(name)


def reference_of(name: str) -> str:
    """Return the name of the reference that a run compresses; for a reference its own."""
    if is_reference(name):
        return name
    seed = _seeds_of(name)["reference"]
    return name_of_reference(None if seed is None else int(seed))


def control_of(name: str) -> str:
    """Return the name of the control with the seeds of a compression."""
    return f"{CONTROL}{_seeds_of(name)['all']}"


def _names(kind: str, name: str) -> bool:
    """Return whether a run's name is that of a kind of run, with or without seeds."""
    return re.fullmatch(rf"{kind}(-s[0-9]+)?(-r[0-9]+)?", name) is not None


def _seeds_of(name: str) -> re.Match[str]:
    found = _SEEDS.search(name)
    assert found is not None, "the pattern matches the end of every name"
    return found
