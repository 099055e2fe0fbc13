"""Training, compression, export and benchmarks: the only modules that import torch and Condensa.

`run/pipeline.py` shows one run from start to end.


Tensors carry shape suffixes: N images, C channels, H height, W width, K classes.
"""
