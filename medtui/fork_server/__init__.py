"""Starts processes by forking one that has imported their modules. Any module may use it.

Importing torch, scikit-learn and the engine takes seconds of CPU time. A **fork server** imports
them once, and each process that it forks begins with them. `python -m medtui.fork_server MODULE...`
is the server; `ForkServer` starts it and asks it for processes. It computes nothing, has one thread
and never initialises CUDA, since neither OpenMP's threads nor a CUDA context survive a fork.

`multiprocessing.forkserver` does not fit: there the server is the parent of what it forks, and its
death loses every exit status. Here the process that asked becomes the parent, so that the server
may die at any moment.

Linux only: elsewhere there is no child subreaper, and forking is not safe on macOS.
"""

from medtui.fork_server.client import ForkServer
from medtui.fork_server.forked_process import ForkedProcess, StartedProcess

__all__ = ["ForkServer", "ForkedProcess", "StartedProcess"]
