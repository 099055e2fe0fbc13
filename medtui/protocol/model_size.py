"""The size of a model, layer by layer, in results and in forecasts of a preset."""

import msgspec


class LayerSize(msgspec.Struct, frozen=True):
    """The size of one layer, and the part that compression kept."""

    name: str
    """Dotted module name."""
    kind: str
    """`conv` or `linear`."""
    num_weights: int
    num_nonzero: int
    num_structures: int
    """Number of filters of a convolution, or neurons of a linear layer."""
    num_structures_kept: int
    """Number of structures with a nonzero weight."""
    macs: int = 0
    """Multiply-accumulates for one image, zeros included."""
    num_unreachable: int = 0
    """Weights that no pixel reaches: they only ever multiply padding."""

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates with a nonzero weight."""
        return self.macs * self.num_nonzero // max(1, self.num_weights)


class Size(msgspec.Struct, frozen=True):
    """The size of a model."""

    num_parameters: int
    """Number of parameters, zeros included."""
    num_nonzero: int
    """Number of nonzero parameters."""
    num_compressible: int
    """Number of weights of convolutions and linear layers."""
    num_compressible_nonzero: int
    bytes_dense: int
    """Bytes of the state dict in its own types, uncompressed."""
    bytes_packed: int
    """Sparse size: bytes with weights as a bit mask and nonzero values in their own types."""
    macs: int
    """Multiply-accumulates for one image, zeros included."""
    layers: list[LayerSize]
    num_weights_unreachable: int | None = None
    """Compressible weights that no pixel reaches at the size of the images: they only ever multiply
    padding. None in files of earlier versions."""
    density_reachable: float | None = None
    """Share of the other compressible weights that are nonzero; None in earlier files."""

    @property
    def density(self) -> float:
        """Share of compressible weights that are nonzero."""
        return self.num_compressible_nonzero / max(1, self.num_compressible)

    @property
    def num_structures(self) -> int:
        """Number of filters and neurons."""
        return sum(layer.num_structures for layer in self.layers)

    @property
    def structure_density(self) -> float:
        """Share of filters and neurons with a nonzero weight."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept / max(1, self.num_structures)

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates for one image with a nonzero weight."""
        others = self.macs - sum(layer.macs for layer in self.layers)
        return others + sum(layer.macs_kept for layer in self.layers)

    @property
    def dead_layers(self) -> list[str]:
        """Names of collapsed layers, without a nonzero weight."""
        return [layer.name for layer in self.layers if layer.num_nonzero == 0]


class Shrinkage(msgspec.Struct, frozen=True):
    """The effect of removing a model's emptied filters and neurons."""

    num_masked: int
    """Number of filters and neurons without a weight."""
    num_removable: int
    """Number of those that are empty in every coupled layer."""
    size: Size
    """Size of the network without them."""
    bytes_on_disk: int | None = None
    """Bytes of the shrunk model's file; None if none was written."""
    difference: float | None = None
    """Largest difference of logits of shrunk and masked model; None if not compared."""

    @property
    def num_structures(self) -> int:
        """Number of filters and neurons of the original model."""
        return self.size.num_structures + self.num_removable

    @property
    def masked(self) -> float:
        """Share of filters and neurons without a weight."""
        return self.num_masked / max(1, self.num_structures)

    @property
    def removable(self) -> float:
        """Share of filters and neurons that can be removed."""
        return self.num_removable / max(1, self.num_structures)
