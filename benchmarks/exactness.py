"""Measure the largest difference between the exact mode and stock Condensa, for every scheme.

Theta, w and losses are compared over all learning-rate schedules of `tests.helpers.stock_condensa`.
Run it from the repository:

    python -m benchmarks.exactness
"""

import warnings

import condensa.opt
import torch
from torch import nn

from medtui.engine.lc.loop import LC
from medtui.engine.pruning.schemes import build_scheme
from medtui.preset import named_schemes
from tests.helpers.stock_condensa import SCHEDULES, STOCK, NoCallbacks, compress, hyper_parameters

LOSSES = ("train_losses", "val_losses", "test_losses")


def differences(scheme: str, schedule: str) -> tuple[float, float, float, int]:
    """Return max |medtui - stock| of theta, w and losses, and the number of compared values."""
    settings = hyper_parameters(**SCHEDULES[schedule])
    engine = LC(callbacks=NoCallbacks(), device=torch.device("cpu"), **settings)
    w, theta, statistics = compress(engine, build_scheme(named_schemes()[scheme], 0.3, None))
    stock_w, stock_theta, stock = compress(condensa.opt.LC(**settings), STOCK[scheme]())
    losses, count = 0.0, 0
    for name in LOSSES:
        for ours, theirs in zip(statistics[name], stock[name], strict=True):
            losses, count = max(losses, abs(ours - theirs)), count + 1
    count += sum(each.numel() for each in [*theta.state_dict().values(), *w.state_dict().values()])
    return largest(theta, stock_theta), largest(w, stock_w), losses, count


def largest(ours: nn.Module, theirs: nn.Module) -> float:
    """Return the largest difference over all parameters and buffers, whose types must be equal."""
    found = 0.0
    for mine, stock in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert mine.dtype == stock.dtype
        found = max(found, float((mine.double() - stock.double()).abs().max()))
    return found


def main() -> None:
    """Print the table as Markdown."""
    warnings.simplefilter("ignore")  # stock Condensa calls torch in a deprecated way
    torch.set_num_threads(1)
    rows = ["| scheme | theta | w | losses | numbers compared |", "| --- | --- | --- | --- | --- |"]
    for scheme in STOCK:
        theta, w, losses, counts = zip(
            *(differences(scheme, schedule) for schedule in SCHEDULES), strict=True
        )
        rows.append(
            f"| {scheme} | {max(theta):g} | {max(w):g} | {max(losses):g} | {sum(counts):,} |"
        )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
