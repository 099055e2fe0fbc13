"""Filters over studies have the grammar of those over runs."""

from dataclasses import replace

import pytest

from medtui.errors import UsageError
from medtui.filter_grammar import parse_words
from medtui.monitor.study_filter import matches, parse_study_filter
from medtui.monitor.study_order import choose_studies
from tests.helpers.drawn_outcomes import run_of, study_of

STUDIES = (
    replace(
        study_of(
            replace(run_of("reference", title="reference"), test=0.96),
            replace(run_of("prune-0.1", title="Prune 0.1"), test=0.91, asked_density=0.1),
            replace(run_of("filterprune-0.5", title="FilterPrune 0.5"), asked_density=0.5),
            name="malaria",
        ),
        note="kept for the paper",
    ),
    replace(
        study_of(
            replace(run_of("filterprune-0.1", title="FilterPrune 0.1"), asked_density=0.1),
            name="chest",
        ),
        status="crashed", num_failed=1,
    ),
    study_of(name="empty"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("", ["malaria", "chest", "empty"]),
        ("FilterPrune", ["malaria", "chest"]),
        ("mal 0.5", ["malaria"]),
        ("chest OR empty", ["chest", "empty"]),
        ("NOT malaria", ["chest", "empty"]),
        ("scheme=Prune", ["malaria"]),
        ("NOT scheme=Prune", ["chest", "empty"]),
        ("scheme=FilterPrune density<0.2", ["chest"]),
        ("scheme=FilterPrune density>=0.5", ["malaria"]),
        ("acc>90%", ["malaria"]),
        ("test<0.92 OR state=crashed", ["malaria", "chest"]),
        ("has:note", ["malaria"]),
        ("NOT has:test", ["chest", "empty"]),
        ("note~paper$", ["malaria"]),
        ("state=lost", ["chest"]),
        ("failed>0", ["chest"]),
        ("runs=0", ["empty"]),
        ('"for the paper"', ["malaria"]),
    ],
)
def test_studies_match_an_expression(expression: str, names: list[str]) -> None:
    """One run fulfils all terms together; what `NOT` excludes, no run may have."""
    holds = parse_study_filter(expression)
    assert [study.name for study in STUDIES if matches(holds, study)] == names
    assert {study.name for study in choose_studies(STUDIES, expression, "name")} == set(names)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("latency<3", "Studies have no column `latency`. Compare (c) filters by all columns."),
        ("densty<3", "Studies have no column `densty`. Did you mean `density`?"),
        ("a OR", "The filter `a OR` has no term beside `OR`."),
        ("scheme<3", "The filter `scheme<3` needs a number on both sides."),
        ("run~(", "is not a regular expression"),
        ("s=x", "`s` is ambiguous: study, state, scheme, sparse_size."),
    ],
)
def test_a_wrong_expression_is_explained(expression: str, sentence: str) -> None:
    """With what is meant, or where such a filter works."""
    with pytest.raises(UsageError) as found:
        parse_study_filter(expression)
    assert sentence in str(found.value).replace("\n", " ")


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("cycle", [0, 1]),
        ("cycle val", [1]),
        ("started OR val", [1, 2]),
        ("NOT cycle", [2]),
        ('"cycle 2"', [1]),
        ("CYCLE", [0, 1]),
        ("val OR", []),
        ('"cycle', []),
    ],
)
def test_lines_and_words_have_the_same_grammar(expression: str, lines: list[int]) -> None:
    """Half an expression, while it is being typed, is searched as it is."""
    holds, texts = parse_words(expression), ("cycle 1", "cycle 2 val 93", "started")
    assert [at for at, text in enumerate(texts) if holds(text)] == lines
