"""What only a GPU can show, in one command of at most ten minutes: `make gpu`.

It runs the tests that need CUDA, measures the engine, compares telemetry with nvidia-smi, and
compresses the malaria cells. `python -m benchmarks.gpu --device cpu --tiny` tests the program.
"""
