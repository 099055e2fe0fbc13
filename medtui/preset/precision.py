"""The number type of fast mode's products, where the preset or the environment asks for one."""

import os
from typing import Literal, cast, get_args

from medtui.errors import UsageError

FastPrecision = Literal["float32", "bfloat16"]

PRECISION_VARIABLE = "MEDTUI_FAST_PRECISION"
"""The environment variable for studies whose preset leaves `compute.precision` out."""


def precision_from_environment() -> FastPrecision | None:
    """Return what `MEDTUI_FAST_PRECISION` asks for; None where it is unset or empty.

    Raises:
        UsageError: it is set to anything else.
    """
    value = os.environ.get(PRECISION_VARIABLE, "")
    if not value:
        return None
    known = get_args(FastPrecision)
    if value not in known:
        raise UsageError(
            f"{PRECISION_VARIABLE}={value} is not a precision of fast mode.",
            hint=f"Set it to {' or '.join(known)}, or unset it.",
        )
    return cast("FastPrecision", value)
