"""Studies under pseudonyms in a temporary folder, of which a report is made as of any others."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from medtui.runs.folder import StudyFolder
from medtui.sharing.identifiers import identifiers_of
from medtui.sharing.members import Chosen
from medtui.sharing.pseudonyms import own_pseudonyms
from medtui.sharing.study_copy import StudyCopy
from medtui.sharing.sweep import NamesRemain, Remain
from medtui.sharing.words import Words


@dataclass(frozen=True)
class Shadow:
    """Copies of studies, which exist for a while."""

    studies: list[StudyFolder]
    words: Words
    """What must not be in what is made of them."""

    def require_clean(self, path: Path) -> None:
        """Check a text that was made of the copies.

        Raises:
            NamesRemain: a name of the source is in it.
        """
        text = path.read_bytes()
        plain = unescape(text.decode("utf-8", "replace")).encode()
        found = dict.fromkeys([*self.words.in_text(text), *self.words.in_text(plain)])
        if found:
            raise NamesRemain([Remain(path.name, word) for word in found])


@contextmanager
def shadowed(studies: Sequence[StudyFolder]) -> Iterator[Shadow]:
    """Copy studies under the user's own pseudonyms; weights are linked.

    Raises:
        MedtuiError: a file is damaged.
        OSError: the temporary folder is full.
    """
    chosen = [Chosen(study, tuple(study.runs())) for study in studies]
    pseudonyms = own_pseudonyms(identifiers_of(chosen))
    with tempfile.TemporaryDirectory(prefix="medtui-") as folder:
        for each in chosen:
            for member in StudyCopy(each, pseudonyms).members():
                path = Path(folder) / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(member.content, Path):
                    path.symlink_to(member.content.absolute())
                else:
                    path.write_bytes(member.content)
        copies = [StudyFolder(Path(folder) / study.name) for study in studies]
        yield Shadow(copies, Words(pseudonyms.replacements))
