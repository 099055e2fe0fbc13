"""Pseudonyms: `patient-0001` and `image-000001`, in an order that tells nothing.

A pack draws the order anew, so that two packs cannot be joined. Reports take it from a secret of
the user, so that a patient has the same name in the next report. Neither order follows the names
of the source, so a sorted list of the patients does not show who is who.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medtui.errors import EnvironmentProblem, UsageError
from medtui.sharing.identifiers import Identifiers, forms_of
from medtui.storage import read_bytes
from medtui.user_folders import user_folder

WITHHELD = "withheld"
"""Stands for folders, files, users and machines."""

_SECRET_BYTES = 32
_MAX_SECRET_BYTES = 4096
_HINT = "The secret behind pseudonyms belongs there. If it is deleted, a new one is drawn."
_PATIENT_DIGITS, _IMAGE_DIGITS = 4, 6


@dataclass(frozen=True)
class Pseudonyms:
    """What stands for each name in shared studies."""

    patients: Mapping[str, str]
    images: Mapping[str, str]
    identifiers: Identifiers
    secret: bytes
    """Keys the digests that take the place of those over names and pixels."""

    def image(self, name: str) -> str:
        """Return an image's pseudonym.

        Raises:
            UsageError: no split and no prediction names it.
        """
        if name not in self.images:
            raise UsageError(
                "A file of the study names an image that none of its splits and predictions has, "
                "so it has no pseudonym.",
                hint="`medtui runs verify` lists files that have changed.",
            )
        return self.images[name]

    def patient(self, name: str, image: str = "") -> str:
        """Return the pseudonym of an image's patient; that of the image where it is unknown."""
        if name == image or name not in self.patients:
            return self.images.get(name, "")
        return self.patients[name]

    def digest(self, former: str) -> str:
        """Return what stands for a digest over names or pixels.

        With the digest itself, names could be guessed: of a small data set whose images are known,
        the one name that fits is found by trying. The same digest has the same stand-in.
        """
        return hmac.new(self.secret, former.encode(), hashlib.sha256).hexdigest()

    @cached_property
    def replacements(self) -> dict[str, str]:
        """Each word that must not be left, and what stands for it in sentences."""
        found = dict[str, str]()
        for image, name in self.images.items():
            for form in forms_of(image):
                found[form] = name if found.get(form, name) == name else WITHHELD
        found |= self.patients
        found |= dict.fromkeys(self.identifiers.places, WITHHELD)
        return {word: found[word] for word in self.identifiers.words()}


def drawn_pseudonyms(identifiers: Identifiers) -> Pseudonyms:
    """Return pseudonyms by a secret that is drawn for them, and kept nowhere."""
    return _by_secret(identifiers, secrets.token_bytes(_SECRET_BYTES))


def own_pseudonyms(identifiers: Identifiers) -> Pseudonyms:
    """Return pseudonyms by the user's secret: the same names for the same studies.

    Raises:
        EnvironmentProblem: the secret cannot be read or written.
    """
    return _by_secret(identifiers, _own_secret())


def secret_path() -> Path:
    """Return where the user's secret is."""
    given = os.environ.get("MEDTUI_CONFIG_DIR")
    return (Path(given) if given else user_folder("config")) / "pseudonym-secret"


def _by_secret(identifiers: Identifiers, secret: bytes) -> Pseudonyms:
    return Pseudonyms(
        _numbered(identifiers.patients, "patient", _PATIENT_DIGITS, secret),
        _numbered(identifiers.images, "image", _IMAGE_DIGITS, secret),
        identifiers,
        secret,
    )


def _numbered(
    names: Mapping[str, bool], kind: str, num_digits: int, secret: bytes
) -> dict[str, str]:
    """Number names by their keyed digests; those of other data sets alone follow the others.

    So a patient of the study keeps its number when the study is evaluated elsewhere.
    """

    def place(name: str) -> tuple[bool, bytes]:
        words = f"{kind} {name}".encode("utf-8", "surrogatepass")
        return names[name], hmac.new(secret, words, hashlib.sha256).digest()

    ordered = sorted(names, key=place)
    width = max(num_digits, len(str(len(ordered))))
    return {name: f"{kind}-{at:0{width}}" for at, name in enumerate(ordered, 1)}


def _own_secret() -> bytes:
    """Return the user's secret; draw one where there is none. Only the user may read it.

    Raises:
        EnvironmentProblem: it cannot be read or written.
    """
    path = secret_path()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _create(path, secrets.token_hex(_SECRET_BYTES).encode())
    except OSError as error:
        raise EnvironmentProblem(
            f"The secret behind pseudonyms cannot be written: {path}: {error.strerror}."
        ) from error
    secret = read_bytes(path, _MAX_SECRET_BYTES, hint=_HINT).strip()
    if len(secret) < _SECRET_BYTES:
        raise EnvironmentProblem(
            f"{path} is too short for the secret behind pseudonyms.", hint=_HINT
        )
    return secret


def _create(path: Path, content: bytes) -> None:
    """Create a file that is never there in part; leave one that another process has created."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            return
    finally:
        beside.unlink(missing_ok=True)
