"""Configuration of the documentation: Sphinx with MyST and furo. Building it needs no network."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))
sys.path.insert(0, str(DOCS))

import generate_reference  # noqa: E402 - found through the line above

from medtui import __version__  # noqa: E402 - likewise

project = "medtui"
author = "The medtui developers"
copyright = "The medtui developers"  # noqa: A001 - Sphinx's name for it
release = __version__
version = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "reference/generated"]

html_theme = "furo"
html_title = f"medtui {release}"
html_static_path = ["_static"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/medtui/medtui/",
    "source_branch": "main",
    "source_directory": "docs/",
}

generate_reference.write_pages(DOCS / "reference" / "generated")
