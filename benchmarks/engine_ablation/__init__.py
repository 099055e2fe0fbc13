"""Compares the engine with stock Condensa in one process, one change at a time.

The variants take turns, forwards and backwards, with equal work and, where they are exact, equal
bits asserted. Run it as `python -m benchmarks.engine_ablation`; `--help` lists its options.
"""
