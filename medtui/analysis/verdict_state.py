"""The verdicts on a change; `verdicts` says what each means."""

from typing import Literal

State = Literal["non-inferior", "worse", "not shown", "not judged"]
