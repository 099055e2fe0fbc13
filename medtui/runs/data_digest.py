"""Reads which data a run was started with."""

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record


class RecordedDigest(msgspec.Struct, frozen=True):
    """The part of `provenance.json` that identifies the data."""

    data_digest: str
    data_digest_rule: int = 1
    """Rule of the digest, see `medtui.datasets.digest`; runs of early versions recorded none."""


_decoder = msgspec.json.Decoder(RecordedDigest)


def recorded_digest(run: RunFolder) -> RecordedDigest | None:
    """Return the digest in a run's provenance; None where none is recorded."""
    return read_json_record(run.provenance, _decoder)
