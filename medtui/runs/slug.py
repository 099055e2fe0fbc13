"""Names as safe path components."""

import re
import unicodedata

_MAX_SLUG = 60


def slugify(name: str) -> str:
    """Return a safe path component of lower-case letters, digits, `.`, `_` and `-`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9._]+", "-", ascii_name).strip("-._")[:_MAX_SLUG].rstrip("-._")
    return slug or "study"
