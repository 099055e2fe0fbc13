"""Condensa's L-C loop, restated so that it can be watched, stopped and resumed."""
