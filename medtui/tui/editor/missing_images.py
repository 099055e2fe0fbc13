"""Whether the images of a draft are on this machine."""

from medtui.datasets.location import locate
from medtui.errors import MedtuiError
from medtui.preset import DataSettings


def missing_images(settings: DataSettings) -> str:
    """Return why the images are not there, without what to do; empty where they are.

    It looks at one path and takes milliseconds: a key that waited for a thread would be overtaken
    by the next one, which is then meant for another screen.
    """
    try:
        locate(settings)
    except MedtuiError as error:
        return error.message
    return ""
