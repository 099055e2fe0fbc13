"""Types of fields that several sections of a card have."""

from typing import Annotated

from pydantic import Field

FileName = Annotated[str, Field(min_length=1, max_length=255)]
"""Path of a file relative to the data's root; `..` may not leave the root."""
