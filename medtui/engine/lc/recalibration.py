"""Recalibration of theta's BatchNorm statistics."""

from torch import nn

from medtui.engine.run.session import Session
from medtui.engine.training.evaluation import evaluation_copy, recalibrate


def recalibrate_theta(theta: nn.Module, session: Session, num_images: int) -> None:
    """Recompute theta's BatchNorm statistics in place, in the precision it is evaluated in."""
    copy = evaluation_copy(theta, session.device)
    recalibrate(copy, session.train_images, num_images, session.training_precision)
    if copy is not theta:
        for mine, measured in zip(theta.buffers(), copy.buffers(), strict=True):
            mine.data = measured.data.to(mine.dtype)
