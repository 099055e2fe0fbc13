"""A preset's `[model]` section."""

from collections.abc import Iterator

from pydantic import Field

from medtui.preset.toml import Document, Fault, check, fault


class ModelSettings(Document):
    """The network."""

    architecture: str = Field(default="resnet18", pattern=r"^[a-z0-9_]+$")
    """A torchvision classifier's name."""
    weights: str = ""
    """A state dict (`.safetensors`, or `.pt` read with weights_only) used as the reference."""
    init: str = ""
    """A state dict of another training, such as ImageNet's, RadImageNet's or TorchXRayVision's,
    from which the reference's training starts; the layer of the classes is new."""

    @check("init", "weights")
    def _one_start(self) -> Iterator[Fault]:
        if self.init and self.weights:
            yield fault(
                "init",
                "model.weights gives a trained reference, which starts from nothing; give "
                "one of the two",
            )
