"""Where a draft lies while the screens of a new study work at it, one after the other."""

from dataclasses import dataclass

from medtui.tui.editor.document import Draft
from medtui.tui.editor.grid import toggle_search, without_strays


@dataclass
class Desk:
    """One draft, replaced by each change."""

    draft: Draft
    saved_as: str = ""
    """Path the draft was saved at; empty while it was not, or has changed since."""
    _searching: Draft | None = None
    """The last draft with a search."""

    def set(self, section: str, name: str, value: object) -> None:
        """Change one key."""
        changed = self.draft.set_to(section, name, value)
        self.take(without_strays(changed) if section == "compress" else changed)

    def toggle_search(self, scheme: str) -> None:
        """Search a scheme, or no longer; switched off and on, a search has its settings still."""
        if self.draft.has("search"):
            self._searching = self.draft
        self.take(toggle_search(self.draft, scheme, self._searching))

    def take(self, changed: Draft) -> None:
        """Lay another draft in the place of the one before."""
        if changed.text != self.draft.text:
            self.draft, self.saved_as = changed, ""
