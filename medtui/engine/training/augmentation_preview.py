"""Child process that augments sample images for the Data screen, which does not import torch.

`python -m medtui.engine.training.augmentation_preview` sends `PreviewImages`.
"""

import numpy as np
import torch

from medtui.datasets.preview import choose_previews, decode_images, preview_of
from medtui.datasets.resolve import open_source
from medtui.engine.run.device import generator
from medtui.engine.training.augmentation import Normalisation, augment
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from medtui.protocol.dataset import DatasetRequest, PreviewImage, PreviewImages
from medtui.protocol.outcome import Failed
from medtui.protocol.stdio import MessageWriter, read_request


def augmented_previews(settings: DataSettings) -> list[PreviewImage]:
    """Return some train images before and after augmentation.

    Raises:
        MedtuiError: the data set cannot be used.
    """
    source = open_source(settings)
    index, labels = choose_previews(source)
    decoded = decode_images(source.card, index)
    images = [
        (label, image) for label, image in zip(labels, decoded, strict=True) if image is not None
    ]
    if not images:
        return []
    images_NCHW = torch.from_numpy(np.stack([image for _, image in images])).permute(0, 3, 1, 2)
    unscaled = Normalisation((0.0,) * index.channels, (1.0,) * index.channels)
    made_NCHW = augment(images_NCHW, source.card.augment, unscaled, generator(settings.seed))
    made_NHWC = (made_NCHW.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return [
        PreviewImage(label, preview_of(image), preview_of(made))
        for (label, image), made in zip(images, made_NHWC, strict=True)
    ]


def main() -> None:
    """Read a request from stdin and send the images or the error."""
    writer = MessageWriter()
    settings = DataSettings.model_validate_json(read_request(DatasetRequest).settings)
    try:
        writer.send(PreviewImages(augmented_previews(settings)))
    except MedtuiError as error:
        writer.send(Failed.of(error))


if __name__ == "__main__":
    main()
