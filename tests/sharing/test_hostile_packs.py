"""A pack comes from anyone: a damaged or hostile one is refused, and writes nothing."""

import random
import zipfile
from pathlib import Path

import msgspec
import pytest

from medtui.runs.json_record import encode_json_record
from medtui.sharing.manifest import PackManifest, problem_of_names
from medtui.sharing.members import Chosen
from medtui.sharing.opening import DamagedPack, open_pack, read_manifest
from medtui.sharing.shared_packs import pack
from medtui.storage import digest_of
from tests.helpers.small_study import record_study

CONTENT = b'name = "x"\n'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """Unpack below the test's folder; return where."""
    monkeypatch.setenv("MEDTUI_CACHE_DIR", str(tmp_path / "in" / "cache"))
    return tmp_path / "in" / "cache" / "packs"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """Return the bytes of a pack of a small study."""
    folder = tmp_path_factory.mktemp("whole")
    study = record_study(folder / "runs", "cells")
    pack(folder / "a.zip", [Chosen(study, tuple(study.runs()))], [])
    return (folder / "a.zip").read_bytes()


def forge(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], **changes) -> Path:
    """Write a pack of any entries, whose manifest names them all; `changes` are to the manifest."""
    files = {getattr(entry, "filename", entry): digest_of(content) for entry, content in entries}
    manifest = PackManifest(
        medtui="9", is_pseudonymised=False, studies=["x"], left_out=[], files=files
    )
    manifest = msgspec.structs.replace(manifest, **changes)
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
        archive.writestr("pack.json", encode_json_record(manifest))
    return path


def refuse(path: Path, cache: Path, reason: str = "") -> None:
    """Open a pack, which must be refused in one line, and leave nothing."""
    with pytest.raises(DamagedPack, match=reason or None) as caught:
        open_pack(path)
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message
    assert not cache.exists() or not list(cache.iterdir())


def entry_of(name: str, **changes: int) -> zipfile.ZipInfo:
    """Return an entry of an archive with other fields."""
    entry = zipfile.ZipInfo(name)
    for key, value in changes.items():
        setattr(entry, key, value)
    return entry


def test_a_forged_pack_is_like_a_real_one(tmp_path):
    """The refusals below are for what each test changes."""
    folder = open_pack(forge(tmp_path / "a.zip", [("x/preset.toml", CONTENT)]))
    assert (folder / "x" / "preset.toml").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "name",
    ["../evil", "x/../../evil", "/etc/evil", "x//evil", "x/./evil", "evil", "x\\..\\evil",
     "x/\x1b[2J", "x/" + "e" * 256, ""],
    ids=["parent", "inner parent", "absolute", "empty part", "point", "outside", "backslash",
         "control", "long", "empty"],
)  # fmt: skip
def test_no_file_is_written_outside_a_study(tmp_path, cache, name):
    """Names that lead elsewhere, or that no file of medtui has."""
    refuse(forge(tmp_path / "a.zip", [(entry_of(name), CONTENT)]), cache)
    assert {each.name for each in tmp_path.iterdir()} <= {"a.zip", "in"}


def test_a_link_is_refused(tmp_path, cache):
    """An archive could otherwise write through it, or show files of the reader."""
    link = entry_of("x/preset.toml", external_attr=0o120777 << 16)
    refuse(forge(tmp_path / "a.zip", [(link, b"/etc/passwd")]), cache, "is no file")


def test_names_must_fit_together():
    """A file is no folder, and is there once."""
    assert "a file and a folder" in problem_of_names(["x/a", "x/a/b"])
    assert "twice" in problem_of_names(["x/a", "x/a"])
    assert not problem_of_names(["x/a", "x/b/c"])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(tmp_path, cache):
    """The second would be read by some programs, and the first by others."""
    path = forge(tmp_path / "a.zip", [("x/preset.toml", CONTENT), ("x/preset.toml", CONTENT)])
    refuse(path, cache, "does not hold the files")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"files": {}}, "does not hold the files"),
        ({"files": {"x/preset.toml": digest_of(CONTENT + b"more")}}, "another length"),
        ({"files": {"x/preset.toml": digest_of(b"z" * len(CONTENT))}}, "checksum"),
        ({"format": 2}, "newer than this one"),
    ],
    ids=["unnamed", "length", "content", "newer"],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path, cache, changes, reason):
    """What it states must be what is there."""
    refuse(forge(tmp_path / "a.zip", [("x/preset.toml", CONTENT)], **changes), cache, reason)


def test_an_archive_that_expands_without_end_is_refused(tmp_path, cache, monkeypatch):
    """More than the limit is not even begun."""
    monkeypatch.setattr("medtui.sharing.opening.MAX_BYTES", 1000)
    entry = entry_of("x/events.jsonl", compress_type=zipfile.ZIP_DEFLATED)
    refuse(forge(tmp_path / "a.zip", [(entry, bytes(1001))]), cache, "would expand to")


def test_other_methods_of_compression_are_refused(tmp_path, cache):
    """Only those that medtui writes are read."""
    entry = entry_of("x/preset.toml", compress_type=zipfile.ZIP_BZIP2)
    refuse(forge(tmp_path / "a.zip", [(entry, CONTENT)]), cache, "another method")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no archive", b"schema = 2\n" * 99])
def test_what_is_no_archive_is_refused(tmp_path, cache, content):
    """Any other file, as well as an empty one."""
    (tmp_path / "a.zip").write_bytes(content)
    refuse(tmp_path / "a.zip", cache)


def test_an_archive_of_something_else_is_refused(tmp_path, cache):
    """It has no `pack.json`."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("photo.png", b"x")
    refuse(tmp_path / "a.zip", cache, r"has no pack\.json")
    with pytest.raises(DamagedPack):
        read_manifest(tmp_path / "a.zip")


def test_a_truncated_pack_is_refused(tmp_path, cache, whole):
    """Wherever a copy broke off."""
    for length in range(0, len(whole), len(whole) // 25):
        (tmp_path / "a.zip").write_bytes(whole[:length])
        refuse(tmp_path / "a.zip", cache)


def test_a_changed_byte_is_found_or_changes_nothing(tmp_path, cache, whole):
    """Of 60 packs with a changed byte, none shows another content."""
    (tmp_path / "a.zip").write_bytes(whole)
    wanted = _content_of(open_pack(tmp_path / "a.zip"))
    numbers, num_refused = random.Random(7), 0
    for at in numbers.sample(range(len(whole)), 60):
        changed = bytearray(whole)
        changed[at] ^= 1 << numbers.randrange(8)
        (tmp_path / "a.zip").write_bytes(changed)
        try:
            folder = open_pack(tmp_path / "a.zip")
        except DamagedPack:
            num_refused += 1
        else:
            assert _content_of(folder) == wanted
    assert num_refused > 40
    assert not [each for each in cache.iterdir() if each.name.startswith(".")]


def _content_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip
