"""The checksum in a JSON record: its last key, over all bytes before it.

A changed digit leaves JSON valid. With the checksum it is noticed wherever the record is read.
Records of earlier versions have none and are read as before.
"""

import hashlib
import re

_SEAL = re.compile(rb',\n "checksum": "([0-9a-f]{64})"\n\}\n?\Z')
_SEAL_BYTES = 128
"""More than the length of a seal; only the end of a record is searched."""


def seal(record: bytes) -> bytes:
    """Return a JSON object, indented by one blank, with its checksum as the last key."""
    body = record.rstrip(b"\n")
    if not body.endswith(b"\n}"):
        return body + b"\n"
    checksum = hashlib.sha256(body).hexdigest().encode()
    return body[:-2] + b',\n "checksum": "' + checksum + b'"\n}\n'


def is_sealed(record: bytes) -> bool:
    """Return whether a record contains a checksum."""
    return _find(record) is not None


def check_seal(record: bytes) -> None:
    """Check a record's checksum, if it has one.

    Raises:
        ValueError: the record differs from what was written.
    """
    found = _find(record)
    if found is None:
        return
    start = len(record) - (len(found.string) - found.start())
    body = record[:start] + b"\n}"
    if hashlib.sha256(body).hexdigest().encode() != found[1]:
        raise ValueError("its checksum does not match its content")


def _find(record: bytes) -> re.Match[bytes] | None:
    return _SEAL.search(record[-_SEAL_BYTES:])
