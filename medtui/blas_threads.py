"""The threads of numpy's and scipy's matrix products. Any module may import this."""

import os


def blas_environment() -> dict[str, str]:
    """Return the variables that keep numpy's and scipy's matrix products on one thread.

    Matrices are small here: a second thread of OpenBLAS mostly waits in a loop, which doubles the
    CPU time of a search. torch has its own threads. Read when numpy is imported; a value that the
    user has set is kept.
    """
    return {"OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")}
