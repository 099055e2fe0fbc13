"""The program that takes networks of torchvision from training to export, on a small one."""

from benchmarks.networks import Outcome, row, smallest_side, try_network


def test_a_network_is_trained_compressed_resumed_shrunk_and_exported(tmp_path):
    """SqueezeNet, whose classes are the filters of a convolution; nothing is left out."""
    outcome = try_network(
        "squeezenet1_1", tmp_path / "runs", limit=24, schemes=["FilterPruneGroup"]
    )
    assert outcome.failure == ""
    assert (outcome.side, outcome.refused, outcome.impossible) == (32, {}, {})
    assert outcome.resumed == ["filterprunegroup-0.5"]
    assert "parameters when shrunk" in outcome.kept["FilterPruneGroup"]
    assert [name.endswith("-shrunk.onnx") for name in outcome.exported] == [False, True]
    assert max(outcome.exported.values()) < 1e-3


def test_the_smallest_size_is_found_and_others_are_refused_with_the_reason():
    """AlexNet's pooling has nothing left of 32 pixels."""
    side, refused = smallest_side("alexnet")
    assert side == 64
    assert list(refused) == [32]
    assert "alexnet cannot take images of 32 x 32 pixels" in refused[32]
    outcome = Outcome("alexnet", side, refused, impossible={"prune-0.5": "too small"})
    assert "| 64 px |" in row(outcome)
    assert "| too small |" in row(outcome)
    assert refused[32] in row(outcome)
