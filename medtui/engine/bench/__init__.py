"""Benchmark of finished models against their reference.

All models run interleaved in one process, so that drift of the machine affects all of them equally.
"""
