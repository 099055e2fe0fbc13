"""NVML: the one room that knows `pynvml`. Only the sampler's and the probe's own processes come in.

The driver may refuse any single question, lose a GPU, vanish, hang, or take the process down with
it. The last two are for others to catch; everything else ends as a value or a reason here.
"""
