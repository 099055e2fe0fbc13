"""Answers to names that nobody knows."""

from medtui.suggest import closest, did_you_mean


def test_the_closest_name_is_suggested_as_it_is_spelled():
    """Case does not count."""
    assert did_you_mean("PRUEN", ["Quantize16", "Prune"]) == "Did you mean `Prune`?"
    assert closest("Finding labels", ["Image Index", "Finding Labels"]) == "Finding Labels"


def test_without_a_close_name_the_known_ones_are_listed_or_the_callers_sentence_stands():
    """A wild guess helps nobody."""
    assert did_you_mean("zzz", ["a", "b"]) == "Known: a, b."
    assert did_you_mean("zzz", ["a", "b"], otherwise="See --help.") == "See --help."
    assert did_you_mean("zzz", []) == ""


def test_a_former_name_leads_to_todays():
    """Also with a typo in it."""
    former = {"reached": "actual_density"}
    assert did_you_mean("reachd", ["run"], former=former) == "Did you mean `actual_density`?"
