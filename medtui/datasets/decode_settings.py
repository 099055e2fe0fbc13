"""Combines a card and an index to the settings by which files are decoded."""

from medtui.datasets.card import Card
from medtui.datasets.decoding.settings import DecodeSettings
from medtui.datasets.index import ImageIndex


def decode_settings(card: Card, index: ImageIndex) -> DecodeSettings:
    """Return shape and scale of a data set's decoded images, as far as the card states them."""
    return DecodeSettings(index.size, index.channels, card.fit, card.bits, card.window, card.frame)
