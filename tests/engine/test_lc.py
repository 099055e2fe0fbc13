"""The rewritten L-C loop equals Condensa's own, bit for bit."""

import condensa
import condensa.opt
import condensa.schemes
import pytest
import torch
from torch import nn

from medtui.engine.lc.loop import LC
from medtui.engine.lc.sgd import ForeachSgd
from medtui.engine.pruning import schemes
from medtui.engine.pruning.threshold import largest_by_sort, magnitude_threshold
from medtui.preset import named_schemes
from tests.helpers.stock_condensa import SCHEDULES, STOCK, NoCallbacks, compress, hyper_parameters


def assert_equal_bits(ours: nn.Module, theirs: nn.Module) -> None:
    """Compare every parameter and buffer, types included."""
    for (name, left), (_, right) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert left.dtype == right.dtype, name
        assert torch.equal(left, right), name


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("scheme", STOCK)
@pytest.mark.filterwarnings("ignore:This overload of add_ is deprecated")
def test_exact_mode_equals_stock_condensa(scheme, schedule):
    """Theta, w, losses and statistics equal stock Condensa's for every scheme and schedule."""
    ours_scheme = schemes.build_scheme(named_schemes()[scheme], 0.3, None)
    engine = LC(
        callbacks=NoCallbacks(),
        device=torch.device("cpu"),
        **hyper_parameters(**SCHEDULES[schedule]),
    )
    ours_w, ours, ours_statistics = compress(engine, ours_scheme)
    stock = condensa.opt.LC(**hyper_parameters(**SCHEDULES[schedule]))
    theirs_w, theirs, theirs_statistics = compress(stock, STOCK[scheme]())
    assert_equal_bits(ours_w, theirs_w)
    assert_equal_bits(ours, theirs)
    for losses in ("train_losses", "val_losses", "test_losses"):
        assert ours_statistics[losses] == theirs_statistics[losses]


@pytest.mark.filterwarnings("ignore:This overload of add_ is deprecated")
def test_the_gpu_update_rule_has_the_same_bits():
    """The grouped update, which GPUs use, equals stock Condensa's."""
    engine = LC(
        callbacks=NoCallbacks(),
        device=torch.device("cpu"),
        l_optimizer=ForeachSgd,
        **hyper_parameters(),
    )
    _, ours, _ = compress(engine, schemes.build_scheme(named_schemes()["Prune"], 0.3, None))
    _, theirs, _ = compress(condensa.opt.LC(**hyper_parameters()), condensa.schemes.Prune(0.3))
    assert_equal_bits(ours, theirs)


@pytest.mark.parametrize("density", [1.0, 0.5, 0.1, 1e-3, 1e-5])
@pytest.mark.parametrize("count", [1000, 200_000])
def test_the_threshold_is_condensas(density, count):
    """Selection returns the value that sorting returns, with ties and zeros."""
    values = torch.randn(count, generator=torch.Generator().manual_seed(1))
    values[::7] = 0.0
    values[::5] = 0.25
    if int(density * count) == 0:
        with pytest.raises(RuntimeError, match="causes model to be zero"):
            magnitude_threshold([values], density)
        return
    expected = condensa.tensor.threshold(values, density)
    assert torch.equal(magnitude_threshold([values], density), expected)
    assert torch.equal(largest_by_sort(values.abs(), int(density * count)), expected)
    parts = values.split([count // 3, 0, count - count // 3])
    assert torch.equal(magnitude_threshold(parts, density), expected)
