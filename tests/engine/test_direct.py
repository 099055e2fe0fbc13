"""The direct baseline: compressed once, then trained as long as L-C trains."""

import pytest

from medtui.engine.lc.compression import compress
from medtui.engine.pruning.schemes import build_scheme
from medtui.engine.run.session import Session
from medtui.engine.run.stopping import StopFlag
from medtui.engine.training.network import named_layers
from medtui.preset import named_schemes
from tests.engine.test_resume import assert_same, carry, compressing
from tests.helpers.tiny_sessions import open_session, tiny_network, tiny_preset

SCHEMES = ["Prune", "PruneQuantize16", "FilterPrune", "StructPruneQuantize16", "FilterPruneGroup"]


def compressed(folder, dataset, scheme, mode="exact"):
    """Return the session of a finished compression, and its theta."""
    preset = tiny_preset(scheme, "on", mode)
    session = open_session(folder, preset, dataset, StopFlag())
    with session.log:
        return session, compress(session, tiny_network())[0]


def cycles_of(session: Session):
    """Return the measured cycles."""
    return session.log.history.cycles_of("compress")


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_direct_compression_removed_stays_away(tmp_path, dataset, scheme, mode):
    """The kept weights are those of the first projection, in the scheme's types, and w is theta."""
    session, theta = compressed(tmp_path, dataset, f"{scheme}Direct", mode)
    first = tiny_network()
    build_scheme(named_schemes()[scheme], 0.3, session.preset.guard, session.image_shape).pi(first)
    for name, layer in named_layers(theta).items():
        projected = first.get_submodule(name).weight
        assert layer.weight.dtype is projected.dtype, name
        assert not layer.weight[projected == 0].any(), name
    gaps = [cycle.gap for cycle in cycles_of(session)]
    assert gaps == pytest.approx([0] * len(gaps), abs=1e-3)
    trained = [cycle.val["loss"] for cycle in cycles_of(session)]
    assert len(set(trained)) == len(trained), "each cycle trains"


def test_direct_compression_has_the_updates_of_lc(tmp_path, dataset):
    """Cycle 0 is that of L-C; the others have its learning rates, without a penalty."""
    ours = cycles_of(compressed(tmp_path / "direct", dataset, "PruneDirect")[0])
    lc = cycles_of(compressed(tmp_path / "lc", dataset, "Prune")[0])
    assert ours[0].val == lc[0].val
    assert [cycle.lr for cycle in ours] == [cycle.lr for cycle in lc]
    assert {cycle.mu for cycle in ours} == {0}
    assert ours[-1].val != lc[-1].val


@pytest.mark.parametrize("scheme", ["PruneDirect", "StructPruneQuantize16Direct"])
def test_a_cut_direct_compression_resumes_to_the_same_bits(tmp_path, dataset, scheme):
    """Stops within a cycle and between two change nothing."""
    preset = tiny_preset(scheme, "on")
    whole = carry(tmp_path / "whole", preset, dataset, compressing, [])
    for cuts in ([3], [8], [4, 6]):
        name = "-".join(map(str, cuts))
        assert_same(carry(tmp_path / name, preset, dataset, compressing, cuts), whole)


@pytest.mark.parametrize("scheme", ["Prune", "FilterPruneGroup"])
def test_a_selection_by_flow_is_held_through_all_cycles(tmp_path, dataset, scheme):
    """Each C step of L-C keeps what was chosen from the reference, also after a stop."""
    preset = tiny_preset(scheme, "on")
    compress_settings = preset.compress.model_copy(update={"score": "synflow"})
    preset = preset.model_copy(update={"compress": compress_settings})
    whole = carry(tmp_path / "whole", preset, dataset, compressing, [])
    first = tiny_network()
    chosen = compress_settings.scheme(scheme)
    build_scheme(chosen, 0.3, preset.guard, (3, 32, 32)).pi(first)
    by_layer = [cycle.densities for cycle in whole[1]]
    assert all(each == by_layer[0] for each in by_layer)
    for name, layer in named_layers(first).items():
        assert not whole[0][f"{name}.weight"][layer.weight == 0].any(), name
    assert len({cycle.gap for cycle in whole[1]}) == len(whole[1]), "L-C has a penalty"
    assert_same(carry(tmp_path / "cut", preset, dataset, compressing, [8]), whole)


def test_a_direct_scheme_has_the_operators_of_its_namesake():
    """It differs in `direct` alone, and takes the density of the grid."""
    scheme = tiny_preset("PruneDirect").compress.scheme("PruneDirect")
    assert scheme.direct
    assert scheme.operators == named_schemes()["Prune"].operators
    assert scheme.takes_density
