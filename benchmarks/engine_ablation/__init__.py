"""Ablation of the engine against stock Condensa in one process, one change at a time.

The variants run interleaved, forwards and backwards. Equal work is checked, and for exact variants
on a CPU equal weights. Run `python -m benchmarks.engine_ablation`; `--help` lists its options.
"""
