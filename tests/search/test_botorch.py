"""BoTorch is not needed: with the same kernel its predictions are the same."""

import numpy as np
import pytest

from medtui.search.surrogate import Curve


@pytest.mark.slow
def test_botorch_gives_the_same_belief():
    """Equal variance, length and noise: mean and deviation agree to numerical noise."""
    botorch = pytest.importorskip("botorch", reason="BoTorch is compared with where it is there")
    import torch
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.means import ZeroMean

    places = np.log([0.01, 0.03, 0.05, 0.08, 0.1, 0.2, 0.4, 1.0])
    values = np.array([-6.0, -6.0, -3.1, -0.9, 0.1, 0.6, 0.9, 1.0])
    errors = np.full(8, 0.3)
    curve = Curve(places, values, errors)
    variance, length, scatter = np.exp(curve._regressor.kernel_.theta)
    kernel = ScaleKernel(MaternKernel(nu=2.5))
    kernel.outputscale, kernel.base_kernel.lengthscale = variance, length
    model = botorch.models.SingleTaskGP(
        torch.tensor(places)[:, None], torch.tensor(values)[:, None],
        torch.tensor(errors**2 + scatter)[:, None], covar_module=kernel, mean_module=ZeroMean(),
        outcome_transform=None,
    ).double()  # fmt: skip
    asked = np.linspace(places[0], 0, 491)
    with torch.no_grad():
        theirs = model.posterior(torch.tensor(asked)[:, None])
        mean, sigma = theirs.mean[:, 0].numpy(), theirs.variance[:, 0].sqrt().numpy()
    mine = curve.at(asked)
    print(np.abs(mine.mean - mean).max(), np.abs(mine.sigma - sigma).max())  # noqa: T201 - said in docs
    assert np.abs(mine.mean - mean).max() < 1e-6
    assert np.abs(mine.sigma - sigma).max() < 1e-6
