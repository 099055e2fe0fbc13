"""Which compression of a study is quoted: the one rule of reports and of Home."""

from collections.abc import Mapping, Sequence

from medtui.analysis.columns import column_named
from medtui.analysis.groups import Group
from medtui.analysis.verdicts import Verdict


def smallest_non_inferior(groups: Sequence[Group], verdicts: Mapping[str, Verdict]) -> Group | None:
    """Return the smallest group that loses less than the margin on val; None where none does.

    `verdicts` are those on val by label. One chosen by test would be quoted too well there; so
    would the luckiest of its seeds.
    """
    holding = [each for each in groups if each.label in verdicts and verdicts[each.label].holds]
    return min(holding, key=sparse_size, default=None)


def sparse_size(group: Group) -> float:
    """Return the mean sparse size of a group in bytes."""
    return group.mean(column_named("sparse_size")) or 0.0
