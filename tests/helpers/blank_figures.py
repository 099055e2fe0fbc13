"""Blank pictures in the place of a report's figures, which take most of its time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


@contextmanager
def blank_figures() -> Iterator[None]:
    """Write blank figures meanwhile, for tests of what stands beside them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("medtui.reporting.markdown.file_of", lambda *_: BLANK.encode())
        patched.setattr("medtui.reporting.html.svg_of", lambda *_: BLANK)
        yield
