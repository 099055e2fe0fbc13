"""The network, its batches, training and evaluation."""
