"""The schemes a preset may name: Condensa's operators, and their compositions by the study's names.

Each operator here has its one case in `medtui.engine.pruning.schemes`. One that removes filters or
neurons is a `StructuredPruning`, one that removes anything a `Pruning`; screens and the grid ask
for no more than that.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, Strict, field_validator

from medtui.preset.toml import Document, Fault, check, fault

Criteria = Literal["l2norm", "max", "min", "mean", "sum"]
"""How a structure's weights become one magnitude; Condensa's `condensa.functional`."""


Score = Literal["magnitude", "synflow"]
"""What weights are ranked by."""

CONTROL = "control"
"""Name of the scheme of the dense control, and of its run."""

SCRATCH = "scratch"
"""Name of the run that trains a narrow network from scratch, and of what stands for its scheme."""

RESERVED = frozenset({"reference", "lock"})
"""Names in a study's folder that a run of a scheme must not take; in lower case, as runs are."""

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,39}$")


class _Operator(Document):
    @property
    def effect(self) -> str:
        """What it does, in a few words: the first line of its documentation."""
        return (type(self).__doc__ or "").split("\n")[0].rstrip(".")


class Pruning(_Operator):
    """Removes the weights that matter least."""

    density: float | None = Field(default=None, gt=0, le=1)
    """Share kept by this operator; None takes the density of the grid's cell."""


class StructuredPruning(Pruning):
    """Removes whole filters or neurons, which alone can make a network faster."""

    align: int | None = Field(default=None, ge=1)
    """Kept structures per layer are a multiple of this; None keeps any number."""
    criteria: Criteria = "l2norm"
    """How a structure's weights become one magnitude."""
    score: Score | None = None
    """What filters or neurons are ranked by; None takes `compress.score`."""
    prune_bias: bool = True
    """Whether a removed structure's bias is removed with it."""
    group: bool = False
    """Whether filters that residual additions couple stay or go as one, their BatchNorms with them:
    all that is removed can then leave the network physically. Needs the guard."""

    @property
    def effect(self) -> str:
        """What it does, and whether coupled structures go together."""
        said = f"{super().effect}, coupled ones as one" if self.group else super().effect
        return f"{said}, by synaptic flow" if self.score == "synflow" else said

    @check("group", "prune_bias")
    def _groups_go_whole(self) -> Iterator[Fault]:
        if self.group and not self.prune_bias:
            sentence = "group = true removes a channel whole; prune_bias = false would not"
            yield fault("prune_bias", sentence)


class Prune(Pruning):
    """Removes single weights of convolutions and linear layers by magnitude, ranked together."""

    op: Literal["Prune"] = "Prune"
    score: Score | None = None
    """What weights are ranked by; None takes `compress.score`."""

    @property
    def effect(self) -> str:
        """What it does, and what it ranks by."""
        said = super().effect
        return said.replace("magnitude", "synaptic flow") if self.score == "synflow" else said


class FilterPrune(StructuredPruning):
    """Removes whole filters of convolutions."""

    op: Literal["FilterPrune"] = "FilterPrune"


class NeuronPrune(StructuredPruning):
    """Removes whole neurons of linear layers."""

    op: Literal["NeuronPrune"] = "NeuronPrune"


class StructPrune(StructuredPruning):
    """Removes filters and neurons, ranked together (Condensa's `StructurePrune`)."""

    op: Literal["StructPrune"] = "StructPrune"


class BlockPrune(Pruning):
    """Removes blocks of linear layers' weights."""

    op: Literal["BlockPrune"] = "BlockPrune"
    block: Annotated[tuple[int, int], Strict(strict=False)] = (1, 8)
    """Rows and columns of a block; both must divide every linear layer's weight."""
    criteria: Criteria = "l2norm"
    """How a block's weights become one magnitude."""

    @field_validator("block")
    @classmethod
    def _block_is_positive(cls, value: tuple[int, int]) -> tuple[int, int]:
        if min(value) < 1:
            raise ValueError(f"{list(value)} must be two positive numbers")
        return value


class Quantize(_Operator):
    """Rounds the weights of convolutions and linear layers to a narrower type."""

    op: Literal["Quantize"] = "Quantize"
    dtype: Literal["float16", "float32"] = "float16"
    """The type that stores the weights; float32 changes nothing and serves as a control."""

    @property
    def effect(self) -> str:
        """What it does, with the type."""
        return f"stores weights as {self.dtype}"


Operator = Annotated[
    Prune | FilterPrune | NeuronPrune | StructPrune | BlockPrune | Quantize,
    Field(discriminator="op"),
]


class Scheme(Document):
    """What Condensa compresses with: a name, and operators applied in order."""

    name: str = Field(json_schema_extra={"pattern": _NAME.pattern})
    """Letters, digits and underscores; it names runs and legends."""
    operators: Annotated[tuple[Operator, ...], Strict(strict=False)] = Field(min_length=1)
    """Applied in this order by the C step."""
    direct: bool = False
    """Whether to compress once and train what is left, instead of L-C: as many minibatches, by the
    same schedule, without a penalty. The baseline that shows what L-C adds."""
    guard: Literal["on", "off"] | None = None
    """Whether the guard protects this scheme; None takes `compress.guard`. `off` beside a scheme
    with the same operators shows what stock Condensa makes of them."""

    @field_validator("name")
    @classmethod
    def _name_fits_folders(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                f"{value!r} must be letters, digits and underscores, a letter first, 40 at most"
            )
        if value.lower() in RESERVED:
            raise ValueError(f"{value!r} is a file of every study; choose another name")
        return value

    @property
    def takes_density(self) -> bool:
        """Whether an operator waits for the density of the grid's cell."""
        return any(
            isinstance(operator, Pruning) and operator.density is None
            for operator in self.operators
        )

    @property
    def is_structured(self) -> bool:
        """Whether an operator removes whole filters or neurons, which alone can become faster."""
        return any(isinstance(operator, StructuredPruning) for operator in self.operators)

    @property
    def is_by_flow(self) -> bool:
        """Whether an operator ranks by synaptic flow: once, before the first cycle."""
        return any(getattr(operator, "score", None) == "synflow" for operator in self.operators)

    def scored_by(self, score: Score) -> "Scheme":
        """Return the scheme whose operators rank by `score` where they name no score.

        A scheme that switches the guard off stays as it is: stock Condensa.
        """
        if score == "magnitude" or self.guard == "off":
            return self
        operators = tuple(
            operator.model_copy(update={"score": score})
            if isinstance(operator, Prune | StructuredPruning) and operator.score is None
            else operator
            for operator in self.operators
        )
        return self.model_copy(update={"operators": operators})

    @property
    def is_grouped(self) -> bool:
        """Whether an operator removes coupled channels together, so that they can be shrunk."""
        return any(
            isinstance(operator, StructuredPruning) and operator.group
            for operator in self.operators
        )


@cache
def named_schemes() -> dict[str, Scheme]:
    """Return the schemes a preset can call by name: the study's, and Condensa's remaining ones."""
    half, single = Quantize(dtype="float16"), Quantize(dtype="float32")
    compositions: dict[str, tuple[Operator, ...]] = {
        "Prune": (Prune(),),
        "Quantize16": (half,),
        "Quantize32": (single,),
        "PruneQuantize16": (Prune(), half),
        "PruneQuantize32": (Prune(), single),
        "FilterPrune": (FilterPrune(),),
        "StructPrune": (StructPrune(),),
        "StructPruneQuantize16": (StructPrune(), half),
        "FilterPruneGroup": (FilterPrune(group=True),),
        "StructPruneGroup": (StructPrune(group=True),),
        "StructPruneGroupQuantize16": (StructPrune(group=True), half),
        "NeuronPrune": (NeuronPrune(),),
        "BlockPrune": (BlockPrune(),),
    }
    return {name: Scheme(name=name, operators=ops) for name, ops in compositions.items()}


@cache
def direct_schemes() -> dict[str, Scheme]:
    """Return the baseline of each named scheme: `PruneDirect` compresses once, without L-C."""
    return {
        (name := f"{scheme.name}Direct"): Scheme(name=name, operators=scheme.operators, direct=True)
        for scheme in named_schemes().values()
    }


def control_scheme() -> Scheme:
    """Return the scheme of the dense control: theta is w, since float32 weights stay as they are.

    The control has the steps, the fine-tuning and the recalibration of every compression. L-C's
    penalty holds w near the theta of the cycle before, as it does in a compression.
    """
    return Scheme(name=CONTROL, operators=(Quantize(dtype="float32"),))


def scratch_scheme() -> Scheme:
    """Return what stands for a scheme in the run from scratch: it compresses nothing."""
    return Scheme(name=SCRATCH, operators=(Quantize(dtype="float32"),))
