"""Mutated files are refused or read; none ends a decoder or makes it hang.

Of the formats only PNG has checksums. The others cannot tell a changed pixel, so that here a
mutated JPEG, TIFF or DICOM file may be accepted unless its data was cut.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from medtui.datasets.decoding import pool
from medtui.datasets.decoding.child import Done, Job
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.deep_images import png16, tiff
from tests.helpers.dicom_files import COMPRESSIONS, dicom_bytes
from tests.helpers.drawn_images import encode
from tests.helpers.mutations import Mutation, mutate

SETTINGS = DecodeSettings(size=24, channels=3, bits=16)
FORMATS = ("PNG", "JPEG", "TIFF", "DICOM")

COMPRESSED = (
    "SC_rgb_jpeg_gdcm.dcm",  # JPEG lossless
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",  # JPEG baseline
    "MR_small_jp2klossless.dcm",
    "MR_small_RLE.dcm",
)
"""Files of pydicom in compressions that are read, most of which it cannot write."""


@dataclass(frozen=True)
class Outcome:
    """What became of one mutated file."""

    kind: Mutation
    seed: int
    reason: str
    """Why it was refused; empty where it was read."""
    is_same: bool
    """Whether it was read with the pixels of the file before the mutation."""


def originals(form: str) -> list[bytes]:
    """Return files of several modes and compressions of a format."""
    coarse = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    photo = Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC)
    deep = np.asarray(photo.convert("L")).astype(np.uint16) * 256 + 17
    match form:
        case "PNG":
            return [
                encode(photo),
                encode(photo.convert("L")),
                encode(photo.convert("P")),
                png16(deep),
            ]
        case "JPEG":
            modes = (photo, photo.convert("L"))
            return [
                encode(each, "JPEG", progressive=flag) for each in modes for flag in (False, True)
            ]
        case "DICOM":
            films = [dicom_bytes(deep, compression=name) for name in ("", *COMPRESSIONS)]
            plain = dicom_bytes(np.asarray(photo))
            paths = [get_testdata_file(name, download=False) for name in COMPRESSED]
            return [*films, plain, *(Path(str(path)).read_bytes() for path in paths)]
        case _:
            packed = [
                encode(photo, "TIFF", compression=name)
                for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
            ]
            return [*packed, tiff(deep), tiff(deep, order=">", white_is_zero=True)]


def decode_all(folder: Path, files: list[bytes]) -> tuple[np.ndarray, dict[int, str]]:
    """Decode files in the crash-proof pool; return their pixels and the refused ones."""
    paths = []
    for number, data in enumerate(files):
        paths.append(str(folder / f"{number}.img"))
        Path(paths[-1]).write_bytes(data)
    array = folder / "images.npy"
    shape = (len(files), SETTINGS.size, SETTINGS.size, SETTINGS.channels)
    np.lib.format.open_memmap(array, mode="w+", dtype=np.uint8, shape=shape).flush()
    bad: dict[int, str] = {}

    def take(done: Done) -> None:
        bad.update(done.bad)

    jobs = [
        Job(str(array), first, paths[first : first + 16], SETTINGS)
        for first in range(0, len(paths), 16)
    ]
    pool.run_jobs(jobs, take, 2)
    return np.load(array), bad


def outcomes(folder: Path, form: str, count: int) -> list[Outcome]:
    """Return what became of `count` mutated files of a format."""
    sound = originals(form)
    mutated = [mutate(sound[seed % len(sound)], seed) for seed in range(count)]
    pixels, bad = decode_all(folder, [*sound, *(data for _, data in mutated)])
    assert not set(bad) & set(range(len(sound)))
    return [
        Outcome(
            kind,
            seed,
            bad.get(row, ""),
            row not in bad and np.array_equal(pixels[row], pixels[seed % len(sound)]),
        )
        for seed, (row, (kind, _)) in enumerate(enumerate(mutated, start=len(sound)))
    ]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_mutated_files(tmp_path: Path, form: str, count: int) -> None:
    """No decoder dies or hangs; cut files are refused; a PNG is never read with other pixels."""
    found = outcomes(tmp_path, form, count)
    died = [each for each in found if each.reason.startswith(("decoder", "decoding"))]
    cut_but_read = [
        each for each in found if each.kind == "cut" and not each.reason and not each.is_same
    ]
    changed = [each for each in found if not each.reason and not each.is_same]
    print(form, Counter((each.kind, bool(each.reason), each.is_same) for each in found))  # noqa: T201 - shown by -rP
    assert not died
    assert not cut_but_read
    assert form != "PNG" or not changed
    assert sum(bool(each.reason) for each in found) > count // 4
