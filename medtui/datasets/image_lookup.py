"""Reads a few images by name in a separate process: `medtui.datasets.image_lookup`.

Screens and reports use it: indexing a large data set takes long, and a file that crashes the
decoder must not end the caller's process.
"""

import numpy as np
from numpy.typing import NDArray

from medtui.child_process import ChildProcess
from medtui.datasets.preview import decode_images
from medtui.datasets.resolve import open_source
from medtui.errors import MedtuiError
from medtui.preset import DataSettings
from medtui.protocol.dataset import Pictures, PicturesRequest, pictures_decoder
from medtui.protocol.stdio import MessageWriter, read_request

Picture = NDArray[np.uint8]
"""(H, W, C)."""


def pictures_of(settings: DataSettings, names: list[str]) -> tuple[dict[str, Picture], str]:
    """Return the images that could be read, by name, and why others could not; empty if all could.

    Blocks until the data set is indexed.
    """
    try:
        with ChildProcess(
            "medtui.datasets.image_lookup",
            pictures_decoder,
            PicturesRequest(settings.model_dump_json(), names),
            error_prefix="The images could not be read",
        ) as process:
            answer = process.result()
    except MedtuiError as error:
        return {}, str(error)
    pictures = {
        name: np.frombuffer(raw, np.uint8).reshape(answer.shape)
        for name, raw in answer.pixels.items()
    }
    return pictures, answer.problem


def _find(settings: DataSettings, names: list[str]) -> Pictures:
    try:
        source = open_source(settings)
        index = source.index
        place_of = {name: at for at, name in enumerate(index.names_in_table or ())}
        place_of |= {name: at for at, name in enumerate(index.names)}
        known = [name for name in names if name in place_of]
        chosen = index.choose(np.array([place_of[name] for name in known], np.int64))
        images = decode_images(source.card, chosen)
    except MedtuiError as error:
        return Pictures(problem=error.message)
    found = {name: image for name, image in zip(known, images, strict=True) if image is not None}
    shape = (index.size, index.size, index.channels)
    return Pictures(shape, {name: image.tobytes() for name, image in found.items()})


def main() -> None:
    """Answer one request from stdin."""
    answers = MessageWriter()
    request = read_request(PicturesRequest)
    answers.send(_find(DataSettings.model_validate_json(request.settings), request.names))


if __name__ == "__main__":
    main()
