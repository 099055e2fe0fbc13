"""How the state of a job stands in its record, whichever scheduler it has."""

from typing import assert_never

from msgspec.structs import replace

from medtui.jobs.schedulers import Ended, JobState, Running, Vanished, Waiting
from medtui.runs.job_record import JobRecord


def with_state(record: JobRecord, state: JobState, reason: str | None = None) -> JobRecord:
    """Return the record of a job with its newest state.

    `reason` is the scheduler's own word, where it has one beside the state.
    """
    match state:
        case Waiting():
            noted = replace(record, state="waiting", reason=state.reason)
        case Running():
            noted = replace(record, state="running", reason="", place=state.place or record.place)
        case Ended():
            noted = replace(record, state="ended", reason=f"exit status {state.status}")
        case Vanished():
            noted = replace(record, state="ended", reason=state.reason)
        case _:
            assert_never(state)
    return noted if reason is None else replace(noted, reason=reason)
