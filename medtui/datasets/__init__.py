"""Images, labels and patients: cards, formats, splits, decoding and the cache. Imports no torch."""
