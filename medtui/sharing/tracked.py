"""What trackers receive of a run under pseudonyms: no path, host, note or name in any text.

Trackers get neither patients nor images; what may name one are settings, sentences and files.
"""

from functools import cached_property

from medtui.preset.toml import read_text
from medtui.runs.folder import RunFolder
from medtui.sharing.identifiers import identifiers_of
from medtui.sharing.members import Chosen
from medtui.sharing.pseudonyms import own_pseudonyms
from medtui.sharing.record_copy import read_table, shared_provenance, shared_result
from medtui.sharing.scrubbing import Scrubber, shared_preset
from medtui.sharing.sweep import NamesRemain, Remain, remains_in


class TrackedRun:
    """The texts and files of one run, for a tracker."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run

    @cached_property
    def _scrubber(self) -> Scrubber:
        """Knows the names in the run's files; made when the run has ended, since it reads them."""
        return Scrubber(own_pseudonyms(identifiers_of([Chosen(self._run.study, (self._run,))])))

    def text(self, text: str) -> str:
        """Return a sentence without names and paths."""
        return self._scrubber.text(text)

    def file(self, name: str) -> bytes:
        """Return the content of the run's preset, provenance or result.

        Raises:
            MedtuiError: it is damaged, or a name would be left in it.
        """
        content = self._content(name)
        if left := list(dict.fromkeys(remains_in(name, content, self._scrubber.words))):
            raise NamesRemain([Remain(name, word) for word in left])
        return content

    def _content(self, name: str) -> bytes:
        run, scrubber = self._run, self._scrubber
        if name == run.preset.name:
            text = shared_preset(read_text(run.preset), str(run.preset))
            return scrubber.words.replace(text).encode()
        if name == run.provenance.name:
            return shared_provenance(read_table(run.provenance), scrubber)
        # Digests of the run's files are those of files with names.
        return shared_result(read_table(run.result) | {"files": {}}, {}, scrubber)
