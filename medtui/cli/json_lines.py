"""JSON objects on stdout, one per line."""

import json
from typing import Any


def print_object(value: dict[str, Any]) -> None:
    """Print one object as one line of JSON and flush."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)
