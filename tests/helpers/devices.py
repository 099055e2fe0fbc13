"""The devices on which a test runs: the CPU always, and a GPU where there is one."""

import pytest

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
"""Values of a parameter `device`; without a GPU the second is skipped, see `tests/conftest.py`."""
