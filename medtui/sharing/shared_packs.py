"""Packs studies as they are, or under pseudonyms."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from medtui.errors import EnvironmentProblem, UsageError
from medtui.sharing.identifiers import identifiers_of
from medtui.sharing.manifest import PackManifest
from medtui.sharing.members import Chosen, members_of
from medtui.sharing.packing import PackContents, write_pack
from medtui.sharing.pseudonyms import Pseudonyms, drawn_pseudonyms
from medtui.sharing.study_copy import StudyCopy
from medtui.sharing.sweep import sweep_pack
from medtui.sharing.words import Words


def pack(path: Path, chosen: Sequence[Chosen], left_out: Sequence[str]) -> PackManifest:
    """Write a pack of studies as they are.

    Raises:
        OSError: the disk is full, or a file cannot be read; no pack was written.
    """
    members = [member for each in chosen for member in members_of(each)]
    sizes = [each.content.stat().st_size for each in members if isinstance(each.content, Path)]
    contents = PackContents(
        studies=[each.study.name for each in chosen],
        members=members,
        left_out=tuple(left_out),
        num_bytes=sum(sizes),
    )
    return write_pack(path, contents)


def pack_pseudonymised(
    path: Path, chosen: Sequence[Chosen], left_out: Sequence[str], key: Path | None = None
) -> PackManifest:
    """Write a pack of studies under pseudonyms that are drawn for it, once no name is left in it.

    `key` receives which pseudonym stands for whom.

    Raises:
        NamesRemain: a name is left; no pack was written.
        MedtuiError: a file is damaged, or `key` exists.
        OSError: the disk is full; no pack was written.
    """
    if key is not None and key.exists():
        raise UsageError(
            f"{key} exists, and may be the only key of another pack.", hint="Name another file."
        )
    pseudonyms = drawn_pseudonyms(identifiers_of(chosen))
    words = Words(pseudonyms.replacements)
    contents = PackContents(
        studies=[each.study.name for each in chosen],
        members=(member for each in chosen for member in StudyCopy(each, pseudonyms).members()),
        is_pseudonymised=True,
        left_out=tuple(left_out),
        num_bytes=sum(_weights_of(each) for each in chosen),
    )

    def check(beside: Path) -> None:
        sweep_pack(beside, words)
        if key is not None:
            _write_key(key, pseudonyms)

    try:
        return write_pack(path, contents, check)
    except BaseException:
        # A key without its pack opens nothing.
        if key is not None and not path.exists():
            key.unlink(missing_ok=True)
        raise


def _weights_of(chosen: Chosen) -> int:
    return sum(run.model.stat().st_size for run in chosen.runs if run.model.is_file())


def _write_key(path: Path, pseudonyms: Pseudonyms) -> None:
    """Write which pseudonym stands for whom, readable for its owner alone.

    Raises:
        EnvironmentProblem: the file exists, or cannot be written.
    """
    content = msgspec.json.format(
        msgspec.json.encode(
            {
                "warning": "This file turns pseudonyms back into names. Do not share it.",
                "patients": {new: name for name, new in pseudonyms.patients.items()},
                "images": {new: name for name, new in pseudonyms.images.items()},
            },
            order="sorted",
        ),
        indent=1,
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written: {error.strerror}. No pack was written."
        ) from error
