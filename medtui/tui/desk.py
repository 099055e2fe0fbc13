"""Where a draft lies while the screens of a new study work at it, one after the other."""

from dataclasses import dataclass

from medtui.tui.draft import Draft
from medtui.tui.matrix import without_strays


@dataclass
class Desk:
    """One draft, replaced by each change."""

    draft: Draft
    saved_as: str = ""
    """Path the draft was saved at; empty while it was not, or has changed since."""

    def set(self, section: str, name: str, value: object) -> None:
        """Change one key."""
        changed = self.draft.set_to(section, name, value)
        self.take(without_strays(changed) if section == "compress" else changed)

    def take(self, changed: Draft) -> None:
        """Lay another draft in the place of the one before."""
        if changed.text != self.draft.text:
            self.draft, self.saved_as = changed, ""
