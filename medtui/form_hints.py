"""Words the hints of errors, which are written for the command line, for forms and screens.

Every module may import it.
"""

import re

_OPTION = re.compile(
    r": --set (?P<quote>'?)(?:data\.)?(?P<key>[\w.]+)=(?P<value>[^'\n]*)(?P=quote)"
)
"""An option in a hint: `Set the folder of the images: --set data.root=/path/to/malaria`."""


def for_form(text: str) -> str:
    """Return a message whose options name fields: `Set the folder as root: /path/to/malaria`."""
    return _OPTION.sub(r" as \g<key>: \g<value>", text)
