"""Suggests the known name that a person meant. All "Did you mean" sentences are made here.

Every module may import it.
"""

import difflib
from collections.abc import Iterable, Mapping

_CUTOFF = 0.6
"""Similarity (0 to 1, as difflib counts it) from which a known name is worth suggesting."""


def closest(wanted: str, known: Iterable[str]) -> str | None:
    """Return the known name most similar to `wanted`, ignoring case; None if none is similar."""
    spelled = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(wanted.casefold(), spelled, n=1, cutoff=_CUTOFF)
    return spelled[close[0]] if close else None


def did_you_mean(
    wanted: str,
    known: Iterable[str],
    *,
    former: Mapping[str, str] | None = None,
    otherwise: str | None = None,
) -> str:
    """Return a sentence that helps with an unknown name: "Did you mean `steps`?".

    `former` maps names of earlier versions to today's; a name close to one of them leads to today's
    name. Where nothing is close, `otherwise` is returned, by default the list of known names.
    """
    names = list(known)
    today = {name: name for name in names} | dict(former or {})
    meant = closest(wanted, today)
    if meant is not None:
        return f"Did you mean `{today[meant]}`?"
    if otherwise is not None:
        return otherwise
    return f"Known: {', '.join(names)}." if names else ""
