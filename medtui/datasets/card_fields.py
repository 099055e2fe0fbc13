"""Types of fields that several sections of a card have."""

from typing import Annotated, TypeVar

from pydantic import Field, Strict

T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(strict=False)]
"""A TOML array, stored as a tuple; its elements are validated strictly."""

FileName = Annotated[str, Field(min_length=1, max_length=255)]
"""Path of a file relative to the data's root; `..` may not leave the root."""
