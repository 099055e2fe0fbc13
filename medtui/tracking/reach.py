"""Whether a tracker's server accepts connections. For tracker implementations."""

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

REACH_SECONDS = 3.0
"""How long a server may take to accept a connection; libraries would try for minutes."""


def is_reachable(
    server: tuple[str, int], timeout_seconds: float = REACH_SECONDS, scheme: str = "https"
) -> bool:
    """Return whether the server, or the proxy of `scheme` in front of it, accepts a connection."""
    host, _ = server
    proxy = "" if proxy_bypass(host) else getproxies().get(scheme, "")
    if proxy:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        server = (parts.hostname or "", parts.port or 80)
    try:
        with socket.create_connection(server, timeout=timeout_seconds):
            return True
    except OSError:
        return False
