"""Damage to files, drawn from a seed."""

from typing import Literal

import numpy as np

Mutation = Literal["bits", "cut", "swap", "header", "zeros"]
MUTATIONS: tuple[Mutation, ...] = ("bits", "cut", "swap", "header", "zeros")

_HEADER_BYTES = 64
_DICOM_PREAMBLE, _DICOM_HEADER_BYTES = 128, 512
"""Bytes before a DICOM file's header, which readers skip, and bytes of its header."""


def mutate(data: bytes, seed: int) -> tuple[Mutation, bytes]:
    """Return the kind of a mutation and the mutated file; it differs from the file."""
    rng = np.random.default_rng(seed)
    kind = MUTATIONS[seed % len(MUTATIONS)]
    mutated = data
    while mutated == data:
        mutated = _mutated(data, kind, rng)
    return kind, mutated


def _mutated(data: bytes, kind: Mutation, rng: np.random.Generator) -> bytes:
    raw = np.frombuffer(data, np.uint8).copy()
    match kind:
        case "bits":
            for position in rng.integers(0, len(raw), rng.integers(1, 9)):
                raw[position] ^= 1 << rng.integers(0, 8)
        case "cut":
            raw = raw[: rng.integers(1, len(raw))]
        case "swap":
            length = int(rng.integers(8, 64))
            first, second = sorted(rng.integers(0, len(raw) - length, 2))
            block = raw[first : first + length].copy()
            raw[first : first + length] = raw[second : second + length]
            raw[second : second + length] = block
        case "header":
            first, length = 0, _HEADER_BYTES
            if data[_DICOM_PREAMBLE:].startswith(b"DICM"):
                first, length = _DICOM_PREAMBLE, _DICOM_HEADER_BYTES
            last = min(first + length, len(raw))
            for position in rng.integers(first, last, rng.integers(1, 4)):
                raw[position] = rng.integers(0, 256)
        case "zeros":
            first = int(rng.integers(0, len(raw) - 8))
            raw[first : first + int(rng.integers(8, 128))] = 0
    return raw.tobytes()
