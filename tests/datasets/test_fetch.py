"""Downloads from a local server with the faults of real servers."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from medtui.datasets.card import Card, load_card
from medtui.datasets.fetch import fetch
from medtui.datasets.files.archive import unpack
from medtui.datasets.progress import ignore_progress
from medtui.errors import EnvironmentProblem, UsageError
from tests.helpers.drawn_images import FOLDERS, draw, write_card


class Server(ThreadingHTTPServer):
    """Serves `content`; can drop connections, ignore ranges or refuse requests."""

    content = b""
    break_after: int | None = None
    ignores_ranges = False
    status = 200
    length = ""
    """Content-Length instead of the right one."""
    shift = 0
    """Offset of the parts that it sends, from those that were requested."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        """Return the address of the one file."""
        return f"http://127.0.0.1:{self.server_port}/cells.zip"


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        """Send the content from the requested offset."""
        server, wanted = self.server, self.headers.get("Range")
        server.ranges.append(wanted)
        first = 0 if wanted is None or server.ignores_ranges else int(wanted[6:].rstrip("-"))
        if first and first >= len(server.content):
            self.send_error(416)
            return
        body = server.content[first:]
        self.send_response(server.status if server.status != 200 else 206 if first else 200)
        self.send_header("Content-Length", server.length or str(len(body)))
        if first:
            first += server.shift
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/*")
        self.end_headers()
        if server.break_after is not None:
            body, server.break_after = body[: server.break_after], None
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Yield a running server with a zip file of six images."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for number in range(6):
            path = draw(tmp_path / "source" / f"{number}.png", seed=number)
            opened.write(path, f"cell_images/{'AB'[number % 2]}/{number}.png")
    running = Server()
    running.content = archive.getvalue()
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def card_for(server: Server, folder: Path, more: str = "") -> Card:
    """Return a card whose only file is the server's."""
    download = f'[[download]]\nurl = "{server.url}"\nfile = "cells.zip"\n{more}'
    return load_card(write_card(folder, f'{FOLDERS}by_hand = "Ask the makers."\n{download}'))[0]


def run(card: Card, folder: Path) -> None:
    """Fetch without pauses."""
    fetch(card, folder, ignore_progress, pause_seconds=0)


def test_a_data_set_is_fetched_once(server: Server, tmp_path: Path) -> None:
    """The archive is unpacked and removed; running the command again does nothing."""
    server_hash = hashlib.sha256(server.content).hexdigest()
    card = card_for(server, tmp_path, f'sha256 = "{server_hash}"')
    run(card, tmp_path / "to")
    names = sorted(path.name for path in (tmp_path / "to").rglob("*.png"))
    assert names == [f"{number}.png" for number in range(6)]
    assert not (tmp_path / "to" / "cells.zip").exists()
    run(card, tmp_path / "to")
    assert len(server.ranges) == 1


def test_a_broken_connection_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    """The second request asks for the remaining bytes only."""
    server.break_after = 1000
    run(card_for(server, tmp_path), tmp_path / "to")
    assert server.ranges == [None, "bytes=1000-"]
    assert len(list((tmp_path / "to").rglob("*.png"))) == 6


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    """A complete response replaces the partial file."""
    server.break_after, server.ignores_ranges = 1000, True
    run(card_for(server, tmp_path), tmp_path / "to")
    assert len(list((tmp_path / "to").rglob("*.png"))) == 6


@pytest.mark.parametrize("length", ["abc", "-5", "1" * 5000, "\N{SUPERSCRIPT TWO}"])
def test_a_length_that_is_no_number_is_ignored(server: Server, tmp_path: Path, length: str) -> None:
    """The file is whole; only its progress has no total."""
    server.length = length
    run(card_for(server, tmp_path), tmp_path / "to")
    assert len(list((tmp_path / "to").rglob("*.png"))) == 6


def test_another_part_than_the_requested_one_is_not_appended(
    server: Server, tmp_path: Path
) -> None:
    """The download starts over; a card without a checksum would not notice."""
    server.break_after, server.shift = len(server.content) // 2, 7
    run(card_for(server, tmp_path), tmp_path / "to")
    assert len(list((tmp_path / "to").rglob("*.png"))) == 6
    assert server.ranges == [None, f"bytes={len(server.content) // 2}-", None]


def test_a_download_that_was_complete_is_not_repeated(server: Server, tmp_path: Path) -> None:
    """A complete file whose check was interrupted is checked and used."""
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "cells.zip.part").write_bytes(server.content)
    run(card_for(server, tmp_path), tmp_path / "to")
    assert len(list((tmp_path / "to").rglob("*.png"))) == 6


@pytest.mark.parametrize("more", [f'sha256 = "{"0" * 64}"', f'md5 = "{"0" * 32}"', "num_bytes = 5"])
def test_a_wrong_file_is_deleted(server: Server, tmp_path: Path, more: str) -> None:
    """A file that differs from the published one is deleted and not unpacked."""
    with pytest.raises(EnvironmentProblem, match="was deleted") as caught:
        run(card_for(server, tmp_path, more), tmp_path / "to")
    assert caught.value.hint == "Ask the makers."
    assert not list((tmp_path / "to").iterdir())


def test_a_web_page_is_no_data_set(server: Server, tmp_path: Path) -> None:
    """A login page instead of the file is reported as such."""
    server.content = b"<!DOCTYPE html><html>sign in</html>"
    with pytest.raises(EnvironmentProblem, match="web page"):
        run(card_for(server, tmp_path), tmp_path / "to")


def test_without_network_it_says_what_to_do_by_hand(server: Server, tmp_path: Path) -> None:
    """A connection error is exit code 3 with the card's instructions."""
    server.status = 404
    with pytest.raises(EnvironmentProblem, match="Not Found") as caught:
        run(card_for(server, tmp_path), tmp_path / "to")
    assert caught.value.hint == "Ask the makers."
    card = write_card(tmp_path, FOLDERS + '[[download]]\nurl = "http://127.0.0.1:9/x"\nfile = "x"')
    with pytest.raises(EnvironmentProblem, match="refused"):
        run(load_card(card)[0], tmp_path / "to")


def test_a_card_without_address_says_so(tmp_path: Path) -> None:
    """A template has nothing to download."""
    with pytest.raises(UsageError, match="no download address"):
        run(load_card("folders")[0], tmp_path)


@pytest.mark.parametrize("name", ["../out.png", "/tmp/out.png", "a/../../out.png", "..\\out.png"])  # noqa: S108 - refused, never written
def test_no_path_leaves_the_folder(tmp_path: Path, name: str) -> None:
    """Archives with paths outside the folder are refused; nothing is written there."""
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(name, b"x")
    with pytest.raises(EnvironmentProblem, match="outside"):
        unpack(archive, tmp_path / "to", ignore_progress)
    assert not list(tmp_path.rglob("out.png"))


def test_links_in_archives_are_left_out(tmp_path: Path) -> None:
    """Links are not created; files behind them are refused or written inside the folder."""
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        link = tarfile.TarInfo("images")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        opened.addfile(link)
        inside = tarfile.TarInfo("images/cell.png")
        inside.size = 1
        opened.addfile(inside, io.BytesIO(b"x"))
    (tmp_path / "to").mkdir()
    unpack(archive, tmp_path / "to", ignore_progress)
    assert (tmp_path / "to" / "images" / "cell.png").read_bytes() == b"x"
    assert not (tmp_path / "cell.png").exists()


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.gz"])
def test_damaged_archives_are_reported(tmp_path: Path, name: str) -> None:
    """A truncated archive is exit code 3 with its name."""
    (tmp_path / name).write_bytes(b"PK\x03\x04 or not")
    with pytest.raises(EnvironmentProblem, match="damaged archive"):
        unpack(tmp_path / name, tmp_path / "to", ignore_progress)


def zipped(compression: int) -> bytearray:
    """Return a zip file of one member."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as opened:
        opened.writestr("a.png", bytes(range(256)) * 16)
    return bytearray(content.getvalue())


def encrypted_zip() -> bytes:
    """Return a zip file whose member is marked as encrypted."""
    raw = zipped(zipfile.ZIP_STORED)
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def flipped(raw: bytes, at: int) -> bytes:
    """Return the bytes with one of them changed."""
    return raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :]


def tarred(mode: str, **headers: str) -> bytes:
    """Return a tar file of one member."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode, format=tarfile.PAX_FORMAT) as opened:
        member = tarfile.TarInfo("a.png")
        member.size, member.pax_headers = 4096, headers
        opened.addfile(member, io.BytesIO(bytes(range(256)) * 16))
    return content.getvalue()


ARCHIVES = {
    "encrypted.zip": encrypted_zip,
    "lzma.zip": lambda: flipped(bytes(zipped(zipfile.ZIP_LZMA)), 60),
    "checksum.tar.gz": lambda: flipped(tarred("w:gz"), -6),
    "xz.tar": lambda: flipped(tarred("w:xz"), 40),
    "bz2.tar": lambda: flipped(tarred("w:bz2"), 40),
    "nul.tar": lambda: tarred("w", path="a\0b.png"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_that_python_cannot_read_are_reported(tmp_path: Path, name: str) -> None:
    """Whatever its modules raise for them, the archive is named."""
    archive = tmp_path / name
    archive.write_bytes(ARCHIVES[name]())
    (tmp_path / "to").mkdir()
    with pytest.raises(EnvironmentProblem, match=rf"{name}(: damaged archive| was not unpacked)"):
        unpack(archive, tmp_path / "to", ignore_progress)
