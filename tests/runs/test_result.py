"""What a result says of itself, derived from what it stores."""

import msgspec
import pytest

from medtui.runs.folder import StudyFolder
from medtui.runs.result import DIRECT_KEPT, read_result, write_result
from tests.helpers.small_study import result_of


@pytest.mark.parametrize(
    ("run", "best_cycle", "num_cycles", "sentence"),
    [
        ("prune-0.1", 0, 4, DIRECT_KEPT),
        ("prune-0.1", 1, 4, ""),
        ("prune-0.1", 0, 1, ""),
        ("reference", 0, 4, ""),
    ],
    ids=["cycle 0 won", "a later cycle won", "no L-C was asked for", "reference"],
)
def test_a_result_says_where_lc_was_thrown_away(tmp_path, run, best_cycle, num_cycles, sentence):
    """L-C brought nothing where cycles were run and cycle 0 was kept."""
    result = result_of(StudyFolder(tmp_path / "cells").run(run), 0.1)
    result = msgspec.structs.replace(result, best_cycle=best_cycle, num_cycles=num_cycles)
    assert result.direct_compression == sentence


@pytest.mark.parametrize("small", [0.00030142635094071495, 1.2345678901234567e-07])
def test_a_small_number_is_read_back(tmp_path, small):
    """Twenty digits after the point are no integer of twenty digits."""
    run = StudyFolder(tmp_path / "cells").run("prune-0.1")
    run.path.mkdir(parents=True)
    result = msgspec.structs.replace(result_of(run, 0.1), seconds=small)
    write_result(run, result)
    found = read_result(run)
    assert found is not None
    assert found.seconds == small
