"""Runs a module in a process that ends with its parent: `python -m THIS PARENT_PID MODULE ARG...`.

For processes whose parent may be killed while nobody is left to end them. Python code between fork
and exec (`preexec_fn`) could set the same, but may block in a process with threads.
"""

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Source: prctl(2)."""


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the thread that started it ends.

    It is also ended where process `parent` is its parent no more.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the module in this process."""
    _, parent, module, *arguments = sys.argv
    end_with_parent(int(parent))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
