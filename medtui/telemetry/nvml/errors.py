"""Queries to NVML, with its error codes translated to exceptions."""

from collections.abc import Callable
from typing import Any

import pynvml

_LOST = (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED)

_SESSION_ENDS = {
    pynvml.NVML_ERROR_UNINITIALIZED: "The NVIDIA driver was unloaded.",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "The NVIDIA driver is not loaded.",
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "NVML is not available: no NVIDIA driver is installed.",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
        "The NVIDIA driver was updated but not reloaded (driver and library versions differ). "
        "Running jobs continue. Reboot, or reload the driver."
    ),
}
"""Errors after which NVML must be initialised again."""

_REASONS = {
    pynvml.NVML_ERROR_NOT_SUPPORTED: "n/a",
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: "driver too old",
    pynvml.NVML_ERROR_NO_PERMISSION: "no permission",
    pynvml.NVML_ERROR_GPU_IS_LOST: "GPU is lost",
    pynvml.NVML_ERROR_RESET_REQUIRED: "GPU needs a reset",
    pynvml.NVML_ERROR_TIMEOUT: "timed out",
    pynvml.NVML_ERROR_NO_DATA: "no data yet",
}


class NvmlUnavailable(Exception):
    """NVML cannot be used; the message is a sentence for the user."""


class QueryFailed(Exception):
    """One query failed; the message is the reason in a few words."""


class GpuLost(QueryFailed):
    """The GPU cannot be queried any more; further queries are known to crash processes.

    Source: https://github.com/XuehaiPan/nvitop/issues/139
    """


def query(function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - ctypes
    """Return the result of one NVML function.

    Raises:
        NvmlUnavailable: NVML cannot be used.
        QueryFailed: this query failed.
    """
    try:
        return function(*arguments)
    except pynvml.NVMLError as error:
        if error.value in _SESSION_ENDS:
            raise NvmlUnavailable(_SESSION_ENDS[error.value]) from error
        reason = _REASONS.get(error.value, str(error).lower())
        raise (GpuLost if error.value in _LOST else QueryFailed)(reason) from error
    except UnicodeDecodeError as error:
        raise QueryFailed("unreadable text") from error


def query_first(names: tuple[str, ...], *arguments: Any) -> Any:  # noqa: ANN401 - ctypes
    """Return the result of the first of `names` that both pynvml and the driver support.

    Raises:
        NvmlUnavailable: NVML cannot be used.
        QueryFailed: the query failed under every name.
    """
    for name in names:
        function = getattr(pynvml, name, None)
        if function is None:
            continue
        try:
            return query(function, *arguments)
        except QueryFailed as error:
            if str(error) != _REASONS[pynvml.NVML_ERROR_FUNCTION_NOT_FOUND]:
                raise
    raise QueryFailed(_REASONS[pynvml.NVML_ERROR_FUNCTION_NOT_FOUND])
