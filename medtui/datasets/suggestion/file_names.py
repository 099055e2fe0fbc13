"""Finds which cells of a table name image files."""

import unicodedata
from collections.abc import Iterable


class FileNames:
    """Image files by the end of their paths, without their endings."""

    def __init__(self, files: Iterable[str]) -> None:
        self._files_of: dict[str, list[str]] = {}
        self._folders: set[str] = set()
        for path in files:
            key = _key(path)
            stem = key.rpartition(".")[0] or key
            name = stem.rpartition("/")[2]
            for base in {key.rpartition("/")[2], name, name.lstrip("0") or "0"}:
                self._files_of.setdefault(base, []).append(path)
            if "/" in key:
                self._folders.add(key.rpartition("/")[0])

    def find(self, cell: str) -> list[str]:
        """Return the files that a cell fits: those that share the longest end of its path."""
        key = _key(cell)
        base = key.rpartition("/")[2]
        candidates = (
            self._files_of.get(base)
            or self._files_of.get(base.rpartition(".")[0] if "." in base else "")
            or self._files_of.get(base.lstrip("0") or "0" if base.isdigit() else "")
            or []
        )
        if len(candidates) < 2 or "/" not in key:  # noqa: PLR2004 - nothing to choose
            return candidates
        shared = [_common_end(key, _key(path)) for path in candidates]
        most = max(shared)
        return [path for path, count in zip(candidates, shared, strict=True) if count == most]

    def fits(self, cell: str) -> bool:
        """Return whether a cell may name a file, or a folder of files."""
        return bool(cell.strip()) and (bool(self.find(cell)) or self.is_folder(cell))

    def is_folder(self, cell: str) -> bool:
        """Return whether a cell is the path of a folder that holds images."""
        key = _key(cell).strip("/")
        return "/" in key and any(
            folder == key or folder.endswith(f"/{key}") or key.endswith(f"/{folder}")
            for folder in self._folders
        )


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip().replace("\\", "/")).casefold()


def _common_end(first: str, second: str) -> int:
    """Return how many folders above the file both paths share."""
    pairs = zip(first.split("/")[-2::-1], second.split("/")[-2::-1], strict=False)
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count
