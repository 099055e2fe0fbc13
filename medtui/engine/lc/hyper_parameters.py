"""A preset's L-C settings by Condensa's names."""

from typing import Any

from medtui.preset import LcSettings


def hyper_parameters(settings: LcSettings, *, is_direct: bool) -> dict[str, Any]:
    """Return Condensa's settings; mu stays 0, which is no penalty, for direct compression."""
    return {
        "steps": settings.cycles,
        "l_optimizer_params": {
            "momentum": settings.momentum,
            "weight_decay": settings.weight_decay,
        },
        "lr": settings.lr,
        "lr_end": settings.lr_end or None,
        "lr_decay": settings.lr_decay,
        "lr_schedule": list(settings.lr_schedule) if settings.lr_schedule is not None else None,
        "lr_multiplier": settings.lr_multiplier,
        "mb_iterations_per_l": settings.steps,
        "mb_iterations_first_l": settings.first_steps or settings.steps,
        "mu_init": 0.0 if is_direct else settings.mu_init,
        "mu_multiplier": settings.mu_multiplier,
        "mu_cap": settings.mu_cap,
    }
