"""Whether a run is finished: whether it has a result of its newest writer."""

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import (
    DECODE_ERRORS,
    MAX_BYTES,
    read_json_record,
    write_json_record,
)
from medtui.runs.ownership.claim import OwnClaim, newest_generation
from medtui.storage import UnreadableFile, read_bytes


class _Stamp(msgspec.Struct, frozen=True):
    """What a result says about its writer."""

    generation: int = 0


_stamp_decoder = msgspec.json.Decoder(_Stamp)
_values_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_finished(run: RunFolder) -> bool:
    """Return whether the run has a result of its newest writer.

    One that a superseded writer left does not count. A damaged one does: it was complete once.
    """
    try:
        is_file = run.result.is_file()
    except OSError:
        return False  # an unreadable folder proves no completion
    if not is_file or newest_generation(run.path) == 0:
        return is_file
    try:
        stamp = _stamp_decoder.decode(read_bytes(run.result, MAX_BYTES))
    except (UnreadableFile, *DECODE_ERRORS):
        return True
    return not is_outdated(stamp.generation, run)


def is_outdated(generation: int, run: RunFolder) -> bool:
    """Return whether a newer process than a result's writer has owned the run.

    Earlier versions wrote no generation; their results count.
    """
    return 0 < generation < newest_generation(run.path)


def adopt_result(run: RunFolder, claim: OwnClaim) -> bool:
    """Make a result that the owner before completed this owner's; delete an outdated one.

    Return whether the run is finished. It is for an owner that has just taken the run over.

    Raises:
        OSError: the folder cannot be written.
        Superseded: by another owner.
    """
    try:
        values = read_json_record(run.result, _values_decoder)
        if values is None:
            return False
        before = msgspec.json.decode(bytes(values.get("generation", msgspec.Raw(b"0"))), type=int)
    except (UnreadableFile, *DECODE_ERRORS):
        return False
    if before not in {0, claim.generation - 1}:
        run.result.unlink(missing_ok=True)
        return False
    values.pop("checksum", None)
    values["generation"] = msgspec.Raw(str(claim.generation).encode())
    write_json_record(run.result, values, claim.check)
    return True
