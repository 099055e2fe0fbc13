"""Finds densities: what was measured, what is believed, what to run next. Knows no torch.

A search has no state of its own. Its next sample is a function of the study's finished runs, so a
search that was killed goes on where it was, and one that is repeated asks for the same densities.
Source of the two phases: Joseph et al. 2019, "A Programmable Approach to Model Compression", arXiv
1911.02497; of the first one's acquisition: Gotovos et al. 2013, "Active Learning for Level Set
Estimation".
"""
