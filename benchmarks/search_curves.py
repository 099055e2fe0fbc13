"""Measure how close searches come to the true density of synthetic curves, and how often they fail.

Run it from the repository:

    python -m benchmarks.search_curves
"""

from typing import Any

import numpy as np

from medtui.preset import SearchSettings
from tests.helpers.synthetic_search import carry_out, draw_cliff, draw_curve, measured

NUM_CURVES = 100

CASES: dict[str, tuple[float, float, float, dict[str, Any]]] = {
    "bisection, exact": (0.02, 0.0, 0.0, {"method": "bisection"}),
    "Gaussian process, exact": (0.02, 0.0, 0.0, {"method": "gaussian-process"}),
    "bisection, noisy, raw numbers": (0.02, 0.005, 0.0, {"method": "bisection", "sigmas": 0.0}),
    "Gaussian process, noisy, 0 sigmas": (0.02, 0.005, 0.0, {"sigmas": 0.0}),
    "Gaussian process, noisy, 1 sigma": (0.02, 0.005, 0.0, {"sigmas": 1.0}),
    "Gaussian process, noisy, 1.64 sigmas": (0.02, 0.005, 0.0, {"sigmas": 1.64}),
    "Gaussian process, runs scatter, 1.64 sigmas": (0.02, 0.0025, 0.006, {"sigmas": 1.64}),
    "cliffs, runs scatter, 1.64 sigmas": (0.01, 0.003, 0.004, {"low": 0.1, "high": 0.9}),
    "noisy, 7 of 10 samples being probes": (0.02, 0.005, 0.0, {"sigmas": 1.64}),
}
"""Name to tolerance, standard error of the metric, run-to-run standard deviation, and settings.
Low-fidelity runs of the last case need twice the density for the same metric."""


def main() -> None:
    """Search every curve with every method and print the results."""
    for name, (eps, sigma, scatter, changed) in CASES.items():
        has_low_fidelity = "probes" in name
        rng = np.random.default_rng(0)
        settings = SearchSettings(scheme=("Prune",), eps=eps, **changed)
        excess, num_runs = [], []
        for _ in range(NUM_CURVES):
            curve = draw_cliff(rng) if "cliffs" in name else draw_curve(rng, eps)
            measure = measured(curve, sigma, rng, scatter=scatter, low_fidelity_factor=2.0)
            search = carry_out(settings, measure, has_low_fidelity=has_low_fidelity)
            num_runs.append(len(search.samples))
            if search.chosen is not None:
                excess.append(search.chosen.density - curve.limit(eps))
        feasible = [each for each in excess if each >= 0]
        print(
            f"{name}: mean excess {np.mean(feasible):.4f}, infeasible {len(excess) - len(feasible)}"
            f" of {NUM_CURVES}, nothing found {NUM_CURVES - len(excess)},"
            f" runs {np.mean(num_runs):.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
