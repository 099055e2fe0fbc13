"""How training batches are augmented: `[augment]` of a card, `[data.augment]` of a preset."""

from pydantic import Field

from medtui.preset.toml import Document


class Augment(Document):
    """Augmentation of training batches.

    Brightness, contrast and saturation are torchvision's formulas without clamping; `hue` moves
    colours further than torchvision's.
    """

    flip_horizontal: bool = False
    """Mirror left and right with probability 0.5. Not for chest films: the heart is on the left."""
    flip_vertical: bool = False
    """Mirror top and bottom with probability 0.5."""
    rotation_degrees: float = Field(default=0.0, ge=0, le=180)
    """Rotate by an angle drawn uniformly from plus or minus this, bilinear, with black outside."""
    brightness: float = Field(default=0.0, ge=0, le=1)
    """Scale pixels by a factor drawn uniformly from 1 plus or minus this."""
    contrast: float = Field(default=0.0, ge=0, le=1)
    """Scale the distance to the image's mean grey by a factor drawn in the same way."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """Scale the distance to each pixel's grey in the same way; no effect on one channel."""
    hue: float = Field(default=0.0, ge=0, le=0.5)
    """Turn colours in YIQ by a share of the circle drawn uniformly from plus or minus this."""

    @property
    def summary(self) -> str:
        """What is drawn, in one line: `flip horizontal, hue 0.1`; `none` where nothing is."""
        given = [(name.replace("_", " "), getattr(self, name)) for name in type(self).model_fields]
        words = [name if value is True else f"{name} {value:g}" for name, value in given if value]
        return ", ".join(words) or "none"
