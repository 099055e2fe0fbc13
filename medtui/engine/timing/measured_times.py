"""The measured seconds from which the duration of a study is computed. Imports no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from medtui.preset import Cell
from medtui.preset.finetuning import least_density


@dataclass(frozen=True)
class ImageCounts:
    """Number of images in each split."""

    train: int
    val: int
    test: int


@dataclass(frozen=True)
class ShrunkTimes:
    """Measured seconds of fine-tuning the network without its empty filters, at one density."""

    density: float
    step: float
    """A minibatch."""
    image: float
    """An image evaluated."""

    def stretched(self, by: float) -> "ShrunkTimes":
        """Return the times of work that takes `by` times as long."""
        return ShrunkTimes(self.density, by * self.step, by * self.image)


@dataclass(frozen=True)
class WorkTimes:
    """Measured seconds of the work that a study repeats."""

    start: float = 0.0
    """From the start of a study's first worker until it computes; it imports torch."""
    reference_step: float = 0.0
    """A training step of the reference, with the reference's threads."""
    reference_image: float = 0.0
    """An image evaluated, with the reference's threads."""
    lc_step: float = 0.0
    """A minibatch of an L step: forward pass, backward pass and update with the penalty."""
    finetune_step: float = 0.0
    """A minibatch of fine-tuning, with its masks."""
    image: float = 0.0
    """An image evaluated, with a run's threads."""
    result_image: float | None = None
    """An image evaluated for the result, in float32; None where it takes as long as the others."""
    single_image: float = 0.0
    """An image evaluated alone."""
    recalibrated_image: float = 0.0
    """An image passed through in training mode without gradients."""
    cycle: Mapping[str, float] = field(default_factory=dict)
    """C step and other work once a cycle, by the name of the scheme."""
    bootstrap: float = 0.0
    """Confidence intervals of a finished run, val and test."""
    side_by_side: float = 1.0
    """Ratio of a step's time while other runs compute to its time alone; at least 1."""

    stretch: float = 1.0
    """Ratio of elapsed seconds to CPU seconds of a run's work; about 1 on an idle machine."""

    fork: float = 0.0
    """As `start`, of each further worker, which is forked."""

    finetune_image: float | None = None
    """An image evaluated during fine-tuning; None where it takes as long as the others."""
    shrunk: Mapping[str, Sequence[ShrunkTimes]] = field(default_factory=dict)
    """Times of fine-tuning by the name of the scheme, by rising density; schemes whose fine-tuning
    trains the whole network are absent."""

    def of_cell(self, cell: Cell) -> "WorkTimes":
        """Return the times with those of the network that a cell's fine-tuning trains.

        Between two measured densities they are interpolated.
        """
        measured = self.shrunk.get(cell.scheme.name)
        if not measured:
            return self
        density, known = least_density(cell), [each.density for each in measured]
        return replace(
            self,
            finetune_step=float(np.interp(density, known, [each.step for each in measured])),
            finetune_image=float(np.interp(density, known, [each.image for each in measured])),
        )

    def stretched(self, by: float) -> "WorkTimes":
        """Return the times of work that takes `by` times as long, except that of the start."""
        return replace(
            self,
            reference_step=by * self.reference_step,
            reference_image=by * self.reference_image,
            lc_step=by * self.lc_step,
            finetune_step=by * self.finetune_step,
            image=by * self.image,
            result_image=None if self.result_image is None else by * self.result_image,
            single_image=by * self.single_image,
            recalibrated_image=by * self.recalibrated_image,
            cycle={scheme: by * seconds for scheme, seconds in self.cycle.items()},
            bootstrap=by * self.bootstrap,
            stretch=by * self.stretch,
            finetune_image=None if self.finetune_image is None else by * self.finetune_image,
            shrunk={
                scheme: [each.stretched(by) for each in measured]
                for scheme, measured in self.shrunk.items()
            },
        )

    def cycle_of(self, scheme: str) -> float:
        """Return the seconds of a scheme's cycle besides its steps and evaluations."""
        return self.cycle.get(scheme, 0.0)
