"""What determines the pixels that a file decodes to, besides the file itself."""

from typing import Literal

import msgspec

Fit = Literal["stretch", "pad", "crop"]
"""How an oblong image becomes square: distorted, with black bars, or cut to its centre."""


Frame = Literal["only", "first"]
"""Which frame of a DICOM file is the image; `only` refuses files with several."""


class DecodeSettings(msgspec.Struct, frozen=True):
    """Shape and scale of decoded images."""

    size: int
    """Side in pixels."""
    channels: int
    """1 for grey, 3 for RGB."""
    fit: Fit = "stretch"
    """See `Fit`."""
    bits: int | None = None
    """Bits of pixels deeper than 8 bits: 2**bits is white. None uses each image's own range."""
    window: tuple[float, float] | None = None
    """Stored values that become black and white; None uses the file's own window, or `bits`."""
    frame: Frame = "only"
    """See `Frame`."""

    def key_parts(self) -> list[object]:
        """Return the settings as part of a cache key.

        Settings that earlier versions did not have are left out while they have their defaults, so
        that their cache entries stay valid. Measured `bits` follow from the files and are no part.
        """
        plain: list[object] = [self.size, self.channels]
        given = {"fit": self.fit, "bits": self.bits, "window": self.window, "frame": self.frame}
        defaults = {None, "stretch", "only"}
        changed = {name: value for name, value in given.items() if value not in defaults}
        return [*plain, changed] if changed else plain
