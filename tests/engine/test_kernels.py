"""A GPU's kernels: those that repeat their bits, or in fast mode the fastest; and their record."""

from collections.abc import Iterator

import pytest
import torch

from medtui.engine.precision import EXACT, study_precision
from medtui.engine.run import provenance
from medtui.engine.run.device import choose_kernels, configure_torch
from medtui.engine.run.provenance import differences, fingerprint

GPU = torch.device("cuda")


@pytest.fixture(autouse=True)
def _settings_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore torch's settings, and name a GPU that is not there."""
    monkeypatch.setattr(provenance, "device_name", lambda _: "GPU")
    kept = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    mode, tf32 = torch.get_deterministic_debug_mode(), torch.backends.cudnn.allow_tf32
    matmul = torch.backends.cuda.matmul.allow_tf32
    yield
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = kept
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = tf32, matmul
    torch.set_deterministic_debug_mode(mode)


def settings() -> tuple[bool, bool, int]:
    """Return whether kernels are measured, whether deterministic, and torch's mode."""
    cudnn = torch.backends.cudnn
    return cudnn.benchmark, cudnn.deterministic, torch.get_deterministic_debug_mode()


def test_only_fast_mode_measures_kernels() -> None:
    """A run begins with those that repeat their bits, and its result is computed with them."""
    configure_torch(GPU, 0)
    assert settings() == (False, True, 1)
    choose_kernels(GPU, measured=True)
    assert settings() == (True, False, 0)
    choose_kernels(GPU, measured=False)
    assert settings() == (False, True, 1)


def test_a_cpu_keeps_its_settings() -> None:
    """Its kernels repeat their bits in either mode."""
    before = settings()
    choose_kernels(torch.device("cpu"), measured=True)
    assert settings() == before
    assert "kernels" not in fingerprint(torch.device("cpu"), EXACT)


def test_a_run_that_resumes_with_measured_kernels_says_so() -> None:
    """It is not bit-exact, though nothing else has changed."""
    configure_torch(GPU, 0)
    fast = study_precision(GPU, "bfloat16")
    exact = fingerprint(GPU, EXACT)
    assert differences(exact, fingerprint(GPU, EXACT)) == []
    choose_kernels(GPU, measured=True)
    now = fingerprint(GPU, fast)
    assert now["kernels"] == "measured"
    assert differences(now, now) == ["kernels measured again"]
    assert "kernels none -> measured" in differences(exact, now)
