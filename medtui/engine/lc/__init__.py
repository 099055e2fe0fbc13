"""Condensa's L-C loop, rewritten so that it can be observed, stopped and resumed."""
