"""How large a model is, layer by layer: in results, and in what a preset would leave."""

import msgspec


class LayerSize(msgspec.Struct, frozen=True):
    """What compression left of one layer."""

    name: str
    """Dotted module name."""
    kind: str
    """`conv` or `linear`."""
    num_weights: int
    num_nonzero: int
    num_structures: int
    """Filters of a convolution, neurons of a linear layer."""
    num_structures_kept: int
    """Those with a nonzero weight."""
    macs: int = 0
    """Multiply-accumulates for one image, dense."""

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates with a weight that is not zero."""
        return self.macs * self.num_nonzero // max(1, self.num_weights)


class Size(msgspec.Struct, frozen=True):
    """How large a model is."""

    num_parameters: int
    """All parameters, zero or not."""
    num_nonzero: int
    """Parameters that are not zero."""
    num_compressible: int
    """Weights of convolutions and linear layers."""
    num_compressible_nonzero: int
    bytes_dense: int
    """The state dict in its own types, uncompressed."""
    bytes_packed: int
    """Nonzero weights in their own types and a bit mask; the rest as it is."""
    macs: int
    """Multiply-accumulates for one image, zeros included."""
    layers: list[LayerSize]

    @property
    def density(self) -> float:
        """Share of compressible weights that are not zero."""
        return self.num_compressible_nonzero / max(1, self.num_compressible)

    @property
    def num_structures(self) -> int:
        """Filters and neurons."""
        return sum(layer.num_structures for layer in self.layers)

    @property
    def structure_density(self) -> float:
        """Share of filters and neurons with a nonzero weight."""
        kept = sum(layer.num_structures_kept for layer in self.layers)
        return kept / max(1, self.num_structures)

    @property
    def macs_kept(self) -> int:
        """Multiply-accumulates for one image with a weight that is not zero."""
        return sum(layer.macs_kept for layer in self.layers)

    @property
    def dead_layers(self) -> list[str]:
        """Layers without a nonzero weight."""
        return [layer.name for layer in self.layers if layer.num_nonzero == 0]


class Shrinkage(msgspec.Struct, frozen=True):
    """What is left of a model without the filters and neurons that can leave it."""

    num_masked: int
    """Filters and neurons without a weight."""
    num_removable: int
    """Those of them that are empty in every layer they are coupled with."""
    size: Size
    """Of the network without them."""
    bytes_on_disk: int | None = None
    """The shrunk model's file; None where none was written."""
    difference: float | None = None
    """Its logits' largest difference from the masked model's; None where they were not compared."""

    @property
    def num_structures(self) -> int:
        """Filters and neurons of the model before."""
        return self.size.num_structures + self.num_removable

    @property
    def masked(self) -> float:
        """Share of filters and neurons without a weight."""
        return self.num_masked / max(1, self.num_structures)

    @property
    def removable(self) -> float:
        """Share of filters and neurons that can leave the network."""
        return self.num_removable / max(1, self.num_structures)
