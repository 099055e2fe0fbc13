"""The studies of `quality.md`: their presets, in the order in which they run."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.quality_tables import ONCE

HERE = Path(__file__).resolve().parents[1]
"""The checkout that this module is in."""

_DATA = """
[data]
card = "medmnist"
root = "{root}"
"""

_AUGMENT = """
[data.augment]
flip_horizontal = true
flip_vertical = true
rotation_degrees = 10.0
brightness = 0.2
contrast = 0.2
saturation = 0.2
hue = 0.02
"""

_REFERENCE = """
[reference]
epochs = 6
batch_size = 64
lr = {lr}
"""

_GIVEN = """
[model]
weights = "{out}/fast-s{seed}/reference/model.safetensors"

[reference]
seeds = {seed}
"""

_ONE_CORE = """
[machine]
workers = 1
threads = 1
reference_threads = 1
"""

_COMPRESSED_BESIDE = """
[compress]
schemes = ["{scheme}"]
densities = [0.5]
{keys}
[lc]
cycles = 1
batch_size = 64
"""
"""What a study of a reference alone compresses, since a study compresses something."""

_FAST = """
[compute]
mode = "fast"
"""

_EXACT = """
[compute]
mode = "exact"
"""

_ONCE = """
[lc]
cycles = 1
batch_size = 64

[evaluate]
margin = 0.015
test_every = 50
"""

_SCHEMES = """
[compress]
schemes = [{schemes}]
densities = [0.1]
scratch = true

[guard]
finetune_epochs = 1
"""

_WEIGHTS = """
[compress]
schemes = ["Prune"]
densities = [0.0001, 0.001, 0.01, 0.1]
score = "synflow"
control = false

[guard]
finetune_epochs = 1
finetune_lr = 0.03
"""

_FILTERS = """
[compress]
schemes = ["FilterPruneGroup"]
densities = [0.5, 0.3, 0.2, 0.1]
control = false

[guard]
finetune_epochs = 2

[shrink]
enabled = true
"""

_L_C = """
[compress]
schemes = [{schemes}]
densities = [0.1]
control = false

[lc]
cycles = 4
steps = 40
batch_size = 64
lr = 0.01
lr_end = 1e-3
mu_init = 0.2
mu_multiplier = 2.0

[guard]
finetune_epochs = 1
finetune_lr = 0.01

[evaluate]
test_every = 5
margin = 0.015
"""

_EQUAL_UPDATES = """
[compress]
schemes = ["{scheme}"]
densities = [{densities}]
control = false

[lc]
cycles = {cycles}
steps = {steps}
first_steps = {first_steps}
batch_size = 64
lr = {lr}
lr_end = 0
momentum = {momentum}
mu_init = {mu_init}
mu_multiplier = {mu_multiplier}

[guard]
warmup_cycles = {warmup_cycles}
finetune_epochs = 1
finetune_lr = {finetune_lr}

[evaluate]
test_every = 50
margin = 0.015
"""
"""120 updates of L steps, then one epoch."""

_EIGHT = (
    "Prune", "FilterPrune", "StructPrune", "PruneQuantize16", "Quantize16", "StructPruneQuantize16",
    "PruneQuantize32", "Quantize32",
)  # fmt: skip

_EQUAL_TO_OTHERS = ("StructPrune", "PruneQuantize32", "Quantize32")
"""With the guard and float32 these compute what FilterPrune, Prune and the control do, bit for bit:
they are run with the first seed alone."""

_MU = {"lr": 0.01, "momentum": 0.95, "mu_init": 0.05, "mu_multiplier": 2.0, "warmup_cycles": 0}
_FASTER_MU = _MU | {"lr": 0.03, "mu_init": 0.1, "mu_multiplier": 2.5}
_WARM = {"lr": 0.04, "momentum": 0.8, "mu_init": 0.3, "mu_multiplier": 1.5, "warmup_cycles": 4}
_SCHEDULES: dict[str, dict[str, float]] = {
    ONCE: {"cycles": 7, "steps": 20, "first_steps": 20} | _MU,
    "short": {"cycles": 7, "steps": 20, "first_steps": 20} | _MU,
    "long": {"cycles": 7, "steps": 10, "first_steps": 70} | _FASTER_MU,
    "warm": {"cycles": 7, "steps": 20, "first_steps": 20} | _WARM,
}
"""L steps by the name of the schedule; `ONCE` trains the direct twin of the scheme."""

_CASES = {
    "weights": {"scheme": "Prune", "densities": "0.01, 0.001", "finetune_lr": 0.03},
    "filters": {"scheme": "FilterPruneGroup", "densities": "0.3, 0.2", "finetune_lr": 0.01},
}
"""What schedules are compared with."""

_LR = 0.05
"""The learning rate of d8cde9e's recipe, and of the references that later studies are given."""

_LR_OF_PRESETS = 0.03
_SEEDS = range(5)
GIVEN_SEEDS = range(3)
"""Seeds of the references that later studies are given."""


@dataclass(frozen=True)
class Study:
    """A study by its name and the text of its preset, without `name` and `schema`."""

    name: str
    text: str
    schema: int = 2
    checkout: Path = HERE

    @property
    def preset(self) -> str:
        """The preset's text."""
        return f'schema = {self.schema}\nname = "{self.name}"\n{self.text}'


def studies_of(out: Path, root: Path, before: Path | None) -> Iterator[Study]:
    """Yield the studies in the order in which they run."""
    data = _DATA.format(root=root)
    if before is not None:
        beside = _COMPRESSED_BESIDE.format(scheme="Prune", keys="") + "steps = 1\n"
        text = data + _REFERENCE.format(lr=_LR) + beside + _ONE_CORE
        yield Study("earlier", text, 1, before)
    arms = (
        ("fast", _FAST, _LR, GIVEN_SEEDS),
        ("lr03", _FAST, _LR_OF_PRESETS, _SEEDS),
        ("exact03", _EXACT, _LR_OF_PRESETS, _SEEDS),
    )
    for name, mode, lr, seeds in arms:
        for seed in seeds:
            text = data + _AUGMENT + _REFERENCE.format(lr=lr) + f"seeds = {seed}\n" + _ONE_CORE
            text += _COMPRESSED_BESIDE.format(scheme="PruneDirect", keys="control = false\n")
            yield Study(f"{name}-s{seed}", text + mode)
    for kind in ("schemes", "weights", "filters", "lc"):
        for seed in GIVEN_SEEDS:
            given = data + _AUGMENT + _GIVEN.format(out=out, seed=seed) + _FAST + _ONE_CORE
            yield Study(f"{kind}-s{seed}", given + _compression(kind, seed))
    for case, schedule, seed in product(_CASES, _SCHEDULES, GIVEN_SEEDS):
        given = data + _AUGMENT + _GIVEN.format(out=out, seed=seed) + _FAST + _ONE_CORE
        text = given + _equal_updates(case, schedule)
        yield Study(f"updates-{case}-{schedule}-s{seed}", text)


def _compression(kind: str, seed: int) -> str:
    """Return the sections of a preset that say how a given reference is compressed."""
    schemes = [each for each in _EIGHT if seed == 0 or each not in _EQUAL_TO_OTHERS]
    named = ", ".join(f'"{each}"' for each in schemes)
    match kind:
        case "schemes":
            return _ONCE + _SCHEMES.format(schemes=named)
        case "weights":
            return _ONCE + _WEIGHTS
        case "filters":
            return _ONCE + _FILTERS
        case _:
            return _L_C.format(schemes=named)


def _equal_updates(case: str, schedule: str) -> str:
    """Return the sections of a preset that compress a given reference by a schedule of L steps."""
    keys: dict[str, object] = {**_CASES[case], **_SCHEDULES[schedule]}
    if schedule == ONCE:
        keys["scheme"] = f"{keys['scheme']}Direct"
    return _EQUAL_UPDATES.format(**keys)
