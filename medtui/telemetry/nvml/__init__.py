"""NVML: the only package that imports `pynvml`, in the sampler's and the probe's processes only.

The driver may fail any query, lose a GPU, unload, hang, or crash the process. Callers handle
the last two; all other failures are returned here as a value or a reason.
"""
