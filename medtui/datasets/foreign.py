"""Opens a data set as a model's preprocessing asks, whatever its own card says about pixels."""

from dataclasses import dataclass, replace
from pathlib import Path

from medtui.datasets.cache.entry import open_cached
from medtui.datasets.card import Card, load_card
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import ImageIndex
from medtui.datasets.pixel_stats import Pixels
from medtui.datasets.progress import Reporter, ignore_progress
from medtui.datasets.resolve import index_images
from medtui.preset import DataSettings
from medtui.runs.model_record import Preprocessing


@dataclass(frozen=True)
class ForeignImages:
    """The images of a card, decoded for a model."""

    card: Card
    """With the model's fit, depth and channels in place of its own."""
    index: ImageIndex
    pixels: Pixels


def decode_settings_of(how: Preprocessing) -> DecodeSettings:
    """Return the settings by which files are decoded for a model."""
    return DecodeSettings(how.size, how.channels, how.fit, how.bits, how.window, how.frame)


def open_images(
    card: str, root: str, how: Preprocessing, report: Reporter = ignore_progress
) -> ForeignImages:
    """Return all images of a card, also those that its splits leave out.

    Raises:
        DocumentError: the card is not valid.
        UsageError: card and data do not fit together.
        EnvironmentProblem: the data is missing or cannot be read.
    """
    loaded, path = load_card(card)
    settings = DataSettings(card=card, root=root, size=how.size)
    index = index_images(loaded, path, settings)
    return decode_for(loaded, index, how, report)


def decode_for(
    card: Card,
    index: ImageIndex,
    how: Preprocessing,
    report: Reporter = ignore_progress,
    cache_dir: Path | None = None,
) -> ForeignImages:
    """Return indexed images, decoded for a model, from the cache where they are in it.

    Raises:
        EnvironmentProblem: images or cache cannot be read or written.
    """
    changed = {"fit": how.fit, "bits": how.bits, "window": how.window, "frame": how.frame}
    asked = card.model_copy(update={**changed, "channels": how.channels, "size": how.size})
    asked_index = replace(index, channels=how.channels, size=how.size)
    return ForeignImages(asked, asked_index, open_cached(asked, asked_index, cache_dir, report))
