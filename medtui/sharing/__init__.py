"""Sharing of studies: packs that open elsewhere to look at, and pseudonyms for what identifies.

A pack is a zip archive of study folders. Imports no torch, no screen and no tracker.
"""
