"""A preset's `[data]` section."""

from typing import Annotated, Literal

from pydantic import Field, Strict, field_validator

from medtui.preset.augmenting import Augment
from medtui.preset.document import Many
from medtui.preset.toml import Document
from medtui.protocol.finding import ERRORS
from medtui.suggest import did_you_mean


class DataSettings(Document):
    """The images and their split."""

    card: str = Field(min_length=1, examples=["demo"])
    """A shipped card's name, or the path of a `card.toml`."""
    root: str = ""
    """Where the images are: a folder or an npz file; empty where the card carries its data."""
    size: int | None = Field(default=None, ge=8, le=1024)
    """Side of the square images in pixels; None takes the card's."""
    split: Literal["card", "patient", "official", "image"] = "card"
    """`card` follows the card; `image` ignores patients and says so in every result."""
    fractions: Annotated[tuple[float, float, float], Strict(strict=False)] = (0.7, 0.1, 0.2)
    """Shares of train, val and test where the split is not an official one."""
    seed: int = Field(default=0, ge=0)
    """Seed of the split."""
    on_bad_image: Literal["skip", "refuse"] = "skip"
    """Whether unreadable images are listed and left out, or end the study before it starts."""
    accept: Many[str] = ()
    """Errors in the data set that do not stop the study, by name: `shared-patients`."""
    limit: int | None = Field(default=None, ge=1)
    """Use at most this many images of each split, evenly spread over classes; None uses all."""
    class_weights: Literal["none", "inverse", "complement", "frequency"] | None = None
    """How the loss weights follow from the class frequencies in train, in place of the card's rule:
    "inverse" weighs rare classes up, "complement" does so mildly, and "frequency", the frequency
    itself, weighs them down. None takes the card's."""
    augment: Augment | None = None
    """Augmentation of training batches in place of the card's; None takes the card's."""

    @field_validator("accept")
    @classmethod
    def _errors_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in ERRORS:
                raise ValueError(f"no error is called `{name}`. {did_you_mean(name, ERRORS)}")
        return value

    @field_validator("fractions")
    @classmethod
    def _fractions_are_shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0 or abs(sum(value) - 1) > 1e-6:  # noqa: PLR2004 - float noise
            raise ValueError(f"{list(value)} must be three positive shares that add up to 1")
        return value
