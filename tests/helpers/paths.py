"""Where the tests find the repository and the run folders recorded in it."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

RECORDED = REPOSITORY / "tests" / "recorded"
"""Small run folders of real studies, and results of real searches."""
