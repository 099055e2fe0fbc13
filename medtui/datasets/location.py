"""Where the images of a data set are: an npz file beside its card, or what the preset names."""

from dataclasses import dataclass
from pathlib import Path

from medtui.datasets.card import Card, load_card
from medtui.datasets.formats import FORMATS
from medtui.errors import EnvironmentProblem
from medtui.preset import DataSettings
from medtui.user_folders import expand_home


@dataclass(frozen=True)
class DataLocation:
    """The file or folder of a data set's images."""

    path: Path
    is_included: bool
    """Whether it comes with the card, without a root in the preset."""


def locate(settings: DataSettings) -> DataLocation:
    """Return the images of a preset's data set, without reading any of them.

    Raises:
        DocumentError: the card is not valid.
        UsageError: there is no card of that name.
        EnvironmentProblem: the images are not there, or the preset does not name them.
    """
    card, card_path = load_card(settings.card)
    return DataLocation(images_path(card, card_path, settings.root), not settings.root)


def images_path(card: Card, card_path: Path, root: str) -> Path:
    """Return the npz file of a card, or the folder of its images.

    Raises:
        EnvironmentProblem: it does not exist, or `root` is empty and the card has no file.
    """
    return _npz_path(card, card_path, root) if FORMATS[card.format].is_file else root_of(card, root)


def root_of(card: Card, root: str) -> Path:
    """Return the folder of a data set's images.

    Raises:
        EnvironmentProblem: `root` is empty or no folder.
    """
    if not root:
        raise EnvironmentProblem(
            f"The folder of the images of {card.name} is not set.",
            hint=f"Set the folder of the images: --set data.root=/path/to/{card.name}",
        )
    path = expand_home(root)
    if not path.is_dir():
        reason = "is a file, not a folder" if path.exists() else "no such folder"
        raise EnvironmentProblem(
            f"{path}: {reason}. The images of {card.name} were not found.",
            hint=f"Set the folder of the images: --set data.root=/path/to/{card.name}",
        )
    return path


def _npz_path(card: Card, card_path: Path, root: str) -> Path:
    given = expand_home(root) if root else card_path.parent
    path = given / card.file if card.file and not given.is_file() else given
    if not path.is_file():
        where = f"{path}: no such npz file" if path.suffix == ".npz" else f"{path}: no npz file"
        raise EnvironmentProblem(
            f"{where}. The images of {card.name} were not found.",
            hint="Set the file: --set data.root=/path/to/file.npz",
        )
    return path
