"""Types of the arrays that metrics are computed from."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Rows = slice | npt.NDArray[np.intp]
"""Rows of an array: all of them as a slice, which copies nothing, or some by number."""

ALL_ROWS = slice(None)
