"""Findings about a data set by rank, and the decision whether a study may start with them."""

from collections.abc import Collection, Iterable

from medtui.errors import UsageError
from medtui.protocol.finding import ERRORS, Finding, Rank

Findings = tuple[Finding, ...]

_RANKS: tuple[Rank, ...] = ("error", "warning", "note")


def note(name: str, sentence: str) -> Finding:
    """Return a finding that a reader may want to know."""
    return Finding(name, "note", sentence)


def warning(name: str, sentence: str) -> Finding:
    """Return a finding that may make results misleading."""
    return Finding(name, "warning", sentence)


def error(name: str, sentence: str) -> Finding:
    """Return a finding that makes results wrong, unless the user knows better."""
    assert name in ERRORS, f"{name} has no description in ERRORS"
    return Finding(name, "error", sentence)


def by_rank(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the most serious first."""
    return sorted(findings, key=lambda each: _RANKS.index(each.rank))


def sentences(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the sentence of each finding."""
    return tuple(each.sentence for each in findings)


def accepted_in(findings: Iterable[Finding], accepted: Collection[str]) -> list[Finding]:
    """Return the errors that are accepted."""
    return [each for each in findings if each.rank == "error" and each.name in accepted]


def unaccepted_in(findings: Iterable[Finding], accepted: Collection[str]) -> list[Finding]:
    """Return the errors that are not accepted, which stop a study."""
    return [each for each in findings if each.rank == "error" and each.name not in accepted]


def require_accepted(findings: Iterable[Finding], accepted: Collection[str]) -> None:
    """Raise if a study must not start with these findings.

    Raises:
        UnacceptedFindings: an error is not among `accepted`.
    """
    if errors := unaccepted_in(findings, accepted):
        raise UnacceptedFindings(errors, accepted)


class UnacceptedFindings(UsageError):
    """Errors in a data set that the preset does not accept."""

    def __init__(self, errors: list[Finding], accepted: Collection[str]) -> None:
        self.errors = errors
        names = dict.fromkeys([*accepted, *(each.name for each in errors)])
        quoted = ", ".join(f'"{name}"' for name in names)
        super().__init__(
            "The data set would give wrong results: "
            + "; ".join(f"{each.sentence} ({each.name})" for each in errors),
            hint=f"Correct the data set or its card, or accept it: --set 'data.accept=[{quoted}]'",
            key=("data", "accept"),
        )
