"""The threads that libraries start by themselves. Any module may import this."""

import os

_DEFAULTS = {
    # Matrices are small here: a second thread of OpenBLAS mostly waits in a loop, which doubles the
    # CPU time of a search. torch has its own threads.
    "OPENBLAS_NUM_THREADS": "1",
    # scikit-learn imports pyarrow where it is installed, whose allocator starts a thread, and a
    # process with threads cannot be forked.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


def thread_environment() -> dict[str, str]:
    """Return the variables that keep libraries from starting threads.

    They are read when numpy and pyarrow are imported; a value that the user has set is kept.
    """
    return {name: os.environ.get(name, value) for name, value in _DEFAULTS.items()}
