"""The outcome of a reference whose model was lost, kept while it is trained again."""

import msgspec

from medtui.runs.folder import RunFolder
from medtui.runs.json_record import read_json_record
from medtui.runs.result import Result

_decoder = msgspec.json.Decoder(Result)


def read_former_result(run: RunFolder) -> Result | None:
    """Return the outcome of a reference before its model was lost; None without one.

    Raises:
        UnreadableFile: the file is damaged.
    """
    return read_json_record(run.former_result, _decoder)


def retire_result(run: RunFolder) -> None:
    """Move the result of a reference aside, so that it is trained again.

    Raises:
        OSError: the folder is not writable.
    """
    run.result.rename(run.former_result)
