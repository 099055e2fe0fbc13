"""One question to NVML: its answer, or why there is none."""

from collections.abc import Callable
from typing import Any

import pynvml

_LOST = (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED)

_SESSION_ENDS = {
    pynvml.NVML_ERROR_UNINITIALIZED: "The NVIDIA driver went away.",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "The NVIDIA driver is not loaded.",
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "NVML is not available: no NVIDIA driver is installed.",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
        "The NVIDIA driver was updated and not yet restarted (driver and library differ); "
        "running jobs go on."
    ),
}
"""Errors after which no question makes sense until NVML is initialised again."""

_REASONS = {
    pynvml.NVML_ERROR_NOT_SUPPORTED: "n/a",
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: "driver too old",
    pynvml.NVML_ERROR_NO_PERMISSION: "no permission",
    pynvml.NVML_ERROR_GPU_IS_LOST: "GPU is lost",
    pynvml.NVML_ERROR_RESET_REQUIRED: "GPU needs a reset",
    pynvml.NVML_ERROR_TIMEOUT: "timed out",
    pynvml.NVML_ERROR_NO_DATA: "no data yet",
}


class SessionOver(Exception):
    """NVML answers nothing any more; the text is a sentence for people."""


class Unanswered(Exception):
    """One question has no answer; the text is the reason in a few words."""


class Lost(Unanswered):
    """This GPU answers nothing any more; asking on is known to take processes down.

    Source: https://github.com/XuehaiPan/nvitop/issues/139
    """


def answer(question: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - ctypes
    """Put one question to NVML.

    Raises:
        SessionOver: NVML answers nothing any more.
        Unanswered: this question has no answer.
    """
    try:
        return question(*arguments)
    except pynvml.NVMLError as error:
        if error.value in _SESSION_ENDS:
            raise SessionOver(_SESSION_ENDS[error.value]) from error
        reason = _REASONS.get(error.value, str(error).lower())
        raise (Lost if error.value in _LOST else Unanswered)(reason) from error
    except UnicodeDecodeError as error:
        raise Unanswered("unreadable text") from error


def first_answer(names: tuple[str, ...], *arguments: Any) -> Any:  # noqa: ANN401 - ctypes
    """Put a question by the newest of its `names` that both pynvml and the driver know.

    Raises:
        SessionOver: NVML answers nothing any more.
        Unanswered: this question has no answer, by any name.
    """
    for name in names:
        question = getattr(pynvml, name, None)
        if question is None:
            continue
        try:
            return answer(question, *arguments)
        except Unanswered as error:
            if str(error) != _REASONS[pynvml.NVML_ERROR_FUNCTION_NOT_FOUND]:
                raise
    raise Unanswered(_REASONS[pynvml.NVML_ERROR_FUNCTION_NOT_FOUND])
