"""The edited preset, shared by the screens of a new study."""

from dataclasses import dataclass

from medtui.tui.editor.document import PresetDocument
from medtui.tui.editor.grid import toggle_search, without_strays


@dataclass
class EditorState:
    """One preset document; each change replaces it."""

    document: PresetDocument
    """The latest."""
    saved_as: str = ""
    """Path to which the document was saved; empty before that, and after a change."""
    _searching: PresetDocument | None = None
    """The last document with a search."""
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
        self.take(without_strays(changed) if section == "compress" else changed)

    def toggle_search(self, scheme: str) -> None:
        """Add a scheme to the search or remove it; the search's settings are kept."""
        if self.document.has("search"):
            self._searching = self.document
        self.take(toggle_search(self.document, scheme, self._searching))

    def take(self, changed: PresetDocument) -> None:
        """Replace the document."""
        if changed.text != self.document.text:
            self.document, self.saved_as = changed, ""
