"""What weights and filters are ranked by: `compress.score`, and an operator's own `score`."""

import pytest

from medtui.errors import UsageError
from medtui.preset import Preset, dump_preset, parse_preset

BASE = 'schema = 2\nname = "t"\ndata.card = "demo"\n[compress]\n'

CUSTOM = """schemes = ["Prune", "ByFlow"]
densities = [0.01]
[[compress.custom]]
name = "ByFlow"
operators = [{ op = "Prune", score = "synflow" }]
"""

SEARCH = """score = "synflow"
schemes = []
[search]
scheme = ["Prune"]
[guard]
warmup_cycles = 1
"""


def by_flow(preset: Preset) -> list[str]:
    """Return the preset's schemes that rank by synaptic flow."""
    named = preset.compress.schemes
    return [name for name in named if preset.compress.scheme(name).is_by_flow]


def test_magnitude_is_the_default_and_the_score_is_inherited() -> None:
    """An operator's own score comes first; quantisation ranks nothing."""
    schemes = 'schemes = ["Prune", "FilterPruneGroup", "PruneDirect", "Quantize16", "BlockPrune"]\n'
    assert by_flow(parse_preset(BASE + schemes, "t")) == []
    inherited = parse_preset(f'{BASE}score = "synflow"\n{schemes}', "t")
    assert by_flow(inherited) == ["Prune", "FilterPruneGroup", "PruneDirect"]
    assert by_flow(parse_preset(dump_preset(inherited), "t")) == by_flow(inherited)
    effects = [each.operators[0].effect for each in inherited.compress.listed_schemes().values()]
    assert effects[0].endswith("by synaptic flow, ranked together")
    assert sum("flow" in effect for effect in effects) > 1
    assert by_flow(parse_preset(BASE + CUSTOM, "t")) == ["ByFlow"]
    stock = CUSTOM.replace('score = "synflow" }]', '}]\nguard = "off"')
    assert by_flow(parse_preset(f'{BASE}score = "synflow"\n{stock}', "t")) == ["Prune"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('score = "synflow"\nguard = "off"\n', 'Prune ranks by "synflow", which requires guard'),
        (CUSTOM + "[guard]\nwarmup_cycles = 2\n", 'ByFlow ranks by "synflow", which chooses once'),
        (SEARCH, 'Prune ranks by "synflow", which chooses once'),
    ],
)
def test_what_flow_cannot_do_is_refused(text: str, sentence: str) -> None:
    """Stock Condensa has no scores, and a selection that is made once no warm-up."""
    with pytest.raises(UsageError) as error:
        parse_preset(BASE + text, "t")
    assert sentence in str(error.value)
