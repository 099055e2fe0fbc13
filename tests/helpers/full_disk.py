"""A disk without space, in place of any call that writes."""


def raise_no_space(*_: object) -> None:
    """Raise what the system raises where the disk is full."""
    raise OSError(28, "No space left on device")
