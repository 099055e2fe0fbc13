"""Search for the lowest density within a tolerance of the reference. Imports no torch.

`observations` turns finished runs into samples, `surrogate` models the metric between them, and
`acquisition` selects the next run. A search has no stored state: its next sample is a function of
the study's finished runs, so a search that was interrupted continues where it was, and a repeated
one selects the same densities.

Sources: the two phases, Joseph et al. 2019, "A Programmable Approach to Model Compression", arXiv
1911.02497; the acquisition of the first, Gotovos et al. 2013, "Active Learning for Level Set
Estimation".
"""
