"""Searches of recorded grids: changes of val accuracy, interpolated."""

import json

import numpy as np
import pytest

from medtui.preset import SearchSettings
from medtui.search.sample import NextSample, Sample
from tests.helpers.paths import RECORDED
from tests.helpers.synthetic_search import carry_out

SEARCHES = RECORDED / "search"


@pytest.mark.parametrize("name", ["prune", "filters"])
def test_a_search_comes_near_the_best_of_a_grid(name):
    """Ten samples find the density of sixteen to within 0.02, and it is feasible."""
    rows = json.loads((SEARCHES / f"{name}.json").read_text())["samples"]
    densities = [row["density"] for row in rows]

    def read(field: str, density: float) -> float:
        values = [row[field] for row in rows]
        return float(np.interp(np.log(density), np.log(densities), values))

    def measure(wanted: NextSample) -> Sample:
        density = wanted.density
        return Sample(density, read("change", density), read("sigma", density))

    settings = SearchSettings(scheme=(name,), low=densities[0], high=densities[-1])
    chosen = carry_out(settings, measure).chosen
    best = min(row["density"] for row in rows if row["change"] >= -0.01)
    assert chosen.density - best < 0.02
    assert read("change", chosen.density) >= -0.01
