"""Reads stored files that may be damaged, hostile or of another kind than expected.

Every reader of study and run folders goes through this package: it opens only regular files,
never waits for a writer, reads at most what a file of its kind can hold, and raises one type of
error with the path and the reason. Any package but `units` and `errors` may import it.
"""

from medtui.storage.digest import (
    FileDigest,
    digest_of,
    digest_of_file,
    require_content,
    require_digest,
)
from medtui.storage.problems import DamagedFile, MissingFile, UnreadableFile, unreadable
from medtui.storage.regular_file import open_log, open_regular, read_bytes, read_tail

__all__ = [
    "DamagedFile",
    "FileDigest",
    "MissingFile",
    "UnreadableFile",
    "digest_of",
    "digest_of_file",
    "open_log",
    "open_regular",
    "read_bytes",
    "read_tail",
    "require_content",
    "require_digest",
    "unreadable",
]
