"""The rooms that know torch and Condensa. `pipeline` reads as one run, top to bottom.

Tensors carry shape suffixes: N images, C channels, H height, W width, K classes.
"""
