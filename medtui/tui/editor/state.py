"""The edited preset, shared by the screens of a new study."""

from dataclasses import dataclass, field

from medtui.tui.editor.document import PresetDocument
from medtui.tui.editor.grid import toggle_search, without_strays

_MAX_UNDONE = 100


@dataclass
class EditorState:
    """One preset document; each change replaces it."""

    document: PresetDocument
    """The latest."""
    saved_as: str = ""
    """Path to which the document was saved; empty before that, and after a change."""
    _searching: PresetDocument | None = None
    """The last document with a search."""
    _before: list[tuple[str, PresetDocument]] = field(default_factory=list)
    """Earlier documents, each with the key whose change replaced it; empty for other changes."""
    _opened: str = ""
    """Text of the document before any change."""

    def __post_init__(self) -> None:
        self._opened = self.document.text

    @property
    def is_edited(self) -> bool:
        """Whether changes would be lost: made here, and not written to a file."""
        return not self.saved_as and self.document.text != self._opened

    def set(self, section: str, name: str, value: object) -> None:
        """Change one key."""
        changed = self.document.set_to(section, name, value)
        changed = without_strays(changed) if section == "compress" else changed
        self._replace(changed, f"{section}.{name}")

    def toggle_search(self, scheme: str) -> None:
        """Add a scheme to the search or remove it; the search's settings are kept."""
        if self.document.has("search"):
            self._searching = self.document
        self.take(toggle_search(self.document, scheme, self._searching))

    def take(self, changed: PresetDocument) -> None:
        """Replace the document."""
        self._replace(changed, "")

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._before)

    def undo(self) -> bool:
        """Return to the document before the last change; return whether there was one.

        Changes of one key after each other, as by typing, are one change.
        """
        if not self._before:
            return False
        _, self.document = self._before.pop()
        self.saved_as = ""
        return True

    def _replace(self, changed: PresetDocument, key: str) -> None:
        if changed.text == self.document.text:
            return
        if not key or not self._before or self._before[-1][0] != key:
            self._before.append((key, self.document))
            del self._before[:-_MAX_UNDONE]
        self.document, self.saved_as = changed, ""
