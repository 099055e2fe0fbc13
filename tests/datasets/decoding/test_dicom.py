"""DICOM: stored values become the picture that a viewer shows, or the file is refused by name."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import data_store
import numpy as np
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from medtui.datasets.decoding.dicom import is_dicom
from medtui.datasets.decoding.image import Decoded, decode_bytes, decode_file
from medtui.datasets.decoding.png import BadImageError
from medtui.datasets.decoding.settings import DecodeSettings
from tests.helpers.dicom_files import COMPRESSIONS, ramp, write_dicom

GREY = DecodeSettings(64, 1)


def decoded(path: Path, settings: DecodeSettings = GREY) -> np.ndarray:
    """Return the decoded grey picture."""
    return decode_file(path, settings).pixels_HWC[..., 0]


@pytest.mark.parametrize("compression", ["", *COMPRESSIONS])
def test_twelve_bits_fill_the_window(tmp_path: Path, compression: str) -> None:
    """The window's limits become black and white, also where pixel data is compressed."""
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), compression=compression, WindowCenter=2048, WindowWidth=4096
    )
    expected = np.rint(ramp() * (255 / 4095))
    assert np.array_equal(decoded(path), expected)


def test_monochrome1_is_turned(tmp_path: Path) -> None:
    """0 is white in MONOCHROME1, with a window, without one, and in 8 bits."""
    for stored, tags in (
        (ramp(), {"WindowCenter": 2048, "WindowWidth": 4096}),
        (ramp(), {}),
        ((ramp() >> 4).astype(np.uint8), {}),
    ):
        plain = decoded(write_dicom(tmp_path / "2.dcm", stored, **tags))
        turned = decoded(
            write_dicom(tmp_path / "1.dcm", stored, PhotometricInterpretation="MONOCHROME1", **tags)
        )
        assert np.array_equal(turned, 255 - plain)


def test_window_of_several_is_the_first(tmp_path: Path) -> None:
    """A file may list a window for soft tissue and one for bone."""
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), WindowCenter=[1000, 3000], WindowWidth=[1001, 11]
    )
    expected = np.rint((ramp().clip(499.5, 1499.5) - 499.5) * 0.255)
    assert np.array_equal(decoded(path), expected)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_functions_equal_pydicom(tmp_path: Path, function: str) -> None:
    """Each function of the standard gives pydicom's values."""
    path = write_dicom(
        tmp_path / "a.dcm",
        ramp(),
        BitsStored=12,
        HighBit=11,
        WindowCenter=1500,
        WindowWidth=800,
        VOILUTFunction=function,
    )
    elements = dcmread(path)
    reference = apply_voi_lut(elements.pixel_array, elements) * (255 / 4095)
    assert np.abs(decoded(path) - reference).max() <= 0.51


def test_card_window_is_in_rescaled_values(tmp_path: Path) -> None:
    """A window of the card is in Hounsfield units, and overrides the file's."""
    path = write_dicom(
        tmp_path / "a.dcm",
        ramp(),
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=40,
        WindowWidth=80,
    )
    shown = decoded(path, DecodeSettings(64, 1, window=(-160.0, 240.0)))
    units = ramp().astype(float) - 1024
    assert np.array_equal(shown, np.rint((units.clip(-160, 240) + 160) * (255 / 400)))


def test_table_of_the_file_is_applied(tmp_path: Path) -> None:
    """A VOI LUT comes before a window, as in a viewer."""
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 12]
    table.LUTData = np.arange(4095, -1, -1, dtype=np.uint16).tobytes()
    path = write_dicom(
        tmp_path / "a.dcm", ramp(), VOILUTSequence=Sequence([table]), WindowCenter=9, WindowWidth=9
    )
    assert np.array_equal(decoded(path), np.rint((4095 - ramp().astype(float)) * (255 / 4095)))


def test_levels_between_two_of_eight_bits_survive_the_resize(tmp_path: Path) -> None:
    """Neighbours are averaged before they are rounded to 8 bits."""
    stored = np.where(np.indices((64, 64)).sum(axis=0) % 2, 15, 0).astype(np.uint16)
    path = write_dicom(tmp_path / "a.dcm", stored, WindowCenter=8, WindowWidth=16)
    shown = decoded(path, DecodeSettings(32, 1))
    assert 120 <= shown.min() <= shown.max() <= 135


def test_without_a_window_the_range_of_the_set_applies(tmp_path: Path) -> None:
    """The largest value is reported, and the set's bits scale the picture."""
    result = decode_file(write_dicom(tmp_path / "a.dcm", ramp()), GREY)
    assert result.largest == 4095
    assert np.array_equal(result.pixels_HWC[..., 0], ramp() >> 4)


def test_computed_tomography_without_a_window_starts_at_air(tmp_path: Path) -> None:
    """Hounsfield units are shifted by the same number in every file."""
    path = write_dicom(tmp_path / "a.dcm", ramp(), Modality="CT", RescaleIntercept=-1024)
    assert np.array_equal(decoded(path), ramp() >> 4)


def test_negative_values_without_a_window_are_refused(tmp_path: Path) -> None:
    """Nobody states which values become black and white; the message names the cure."""
    path = write_dicom(tmp_path / "a.dcm", ramp().astype(np.int16) - 50, Modality="NM")
    with pytest.raises(BadImageError, match=r"window = \[low, high\]"):
        decode_file(path, GREY)


@pytest.mark.parametrize("colours", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black(tmp_path: Path, colours: str) -> None:
    """Pixels outside the picture are black, whatever value they were stored with."""
    stored = ramp(low=100, high=3000)
    stored[:8] = 4000
    path = write_dicom(
        tmp_path / "a.dcm",
        stored,
        PhotometricInterpretation=colours,
        PixelPaddingValue=4000,
        WindowCenter=1550,
        WindowWidth=2901,
    )
    shown = decoded(path)
    assert not shown[:8].any()
    assert shown[8:].max() == 255


def test_colours_become_rgb(tmp_path: Path) -> None:
    """RGB of 8 and of 16 bits, and a palette."""
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    settings = DecodeSettings(8, 3)
    for stored in (red, red.astype(np.uint16) * 257):
        result = decode_file(write_dicom(tmp_path / "a.dcm", stored), settings)
        assert result.kind.startswith("DICOM RGB")
        assert np.array_equal(result.pixels_HWC, red)


def test_several_frames_need_a_choice(tmp_path: Path) -> None:
    """A stack is refused by name, or its first frame is the image."""
    stack = np.stack([ramp(), ramp()[:, ::-1]])
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    path = write_dicom(tmp_path / "a.dcm", ramp(), NumberOfFrames=2, **window)
    elements = dcmread(path)
    elements.PixelData = stack.tobytes()
    elements.save_as(path)
    with pytest.raises(BadImageError, match=r'frame = "first"'):
        decode_file(path, GREY)
    shown = decoded(path, DecodeSettings(64, 1, frame="first"))
    assert np.array_equal(shown, np.rint(ramp() * (255 / 4095)))


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.11", "structured report"),
        ("1.2.840.10008.1.3.10", "DICOMDIR"),
        ("1.2.840.10008.5.1.4.1.1.1", "no pixel data"),
    ],
)
def test_files_without_a_picture_are_refused_by_name(
    tmp_path: Path, storage: str, reason: str
) -> None:
    """The message says what the file contains instead."""
    path = write_dicom(tmp_path / "a.dcm", ramp())
    elements = dcmread(path)
    del elements.PixelData
    elements.SOPClassUID = elements.file_meta.MediaStorageSOPClassUID = storage
    elements.save_as(path)
    with pytest.raises(BadImageError, match=reason):
        decode_file(path, GREY)


def test_a_huge_picture_is_refused_before_memory_is_allocated(tmp_path: Path) -> None:
    """Rows times columns is checked first."""
    path = write_dicom(tmp_path / "a.dcm", ramp(), Rows=65535, Columns=65535)
    with pytest.raises(BadImageError, match="too large: 65535 x 65535"):
        decode_file(path, GREY)


@pytest.mark.parametrize("compression", ["", *COMPRESSIONS])
def test_truncated_pixel_data_is_refused(tmp_path: Path, compression: str) -> None:
    """A file cut at any place never gives a picture."""
    noise = np.random.default_rng(0).integers(0, 4096, (32, 32)).astype(np.uint16)
    data = write_dicom(tmp_path / "a.dcm", noise, compression=compression).read_bytes()
    for end in range(140, len(data) - 8, max(1, len(data) // 60)):
        with pytest.raises(BadImageError):
            decode_bytes(data[:end], GREY)


def test_damaged_run_lengths_end_no_decoder(tmp_path: Path) -> None:
    """Lost bytes of run-length data are an error that is caught, or leave other pixels."""
    noise = np.random.default_rng(0).integers(0, 4096, (48, 48)).astype(np.uint16)
    data = write_dicom(tmp_path / "a.dcm", noise, compression="rle").read_bytes()
    for seed in range(60):
        first = int(np.random.default_rng(seed).integers(400, len(data)))
        with suppress(BadImageError):
            decode_bytes(data[:first] + data[first + 9 :], GREY)


def test_file_without_preamble_is_read(tmp_path: Path) -> None:
    """Files of the time before the preamble start with their first element."""
    path = write_dicom(tmp_path / "a.dcm", ramp(), WindowCenter=2048, WindowWidth=4096)
    expected, data = decoded(path), path.read_bytes()
    assert np.array_equal(decode_bytes(data[132:], GREY).pixels_HWC[..., 0], expected)


def _files_of_pydicom() -> Iterator[Path]:
    for package in (pydicom, data_store):
        assert package.__file__ is not None
        for path in sorted((Path(package.__file__).parent / "data").rglob("*")):
            if path.is_file() and is_dicom(path.read_bytes()):
                yield path


def _reference(elements: Dataset) -> np.ndarray:
    """Return the first frame by pydicom's own steps, as float (H, W) or (H, W, 3) of 0..1."""
    if "TransferSyntaxUID" not in elements.file_meta:
        elements.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    frame = pixel_array(elements, index=0)
    colours = elements.PhotometricInterpretation
    if colours == "PALETTE COLOR":
        frame = apply_color_lut(frame, elements)[..., :3]
        return frame / (255 if frame.max() <= 255 else 65535)
    if frame.ndim == 3:
        return frame / float((1 << int(elements.BitsStored)) - 1)
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if groups in elements and name in elements[groups].value[0]:
                elements.update(elements[groups].value[0][name].value[0])
    values = apply_modality_lut(frame, elements)
    if "VOILUTSequence" in elements and elements.VOILUTSequence[0].get("LUTData"):
        white = (1 << int(elements.VOILUTSequence[0].LUTDescriptor[2])) - 1
        shown = apply_voi_lut(values.astype(int), elements) / white
    elif "WindowWidth" in elements:
        signed = int(elements.PixelRepresentation)
        bits = int(elements.BitsStored)
        low = -(1 << (bits - 1)) if signed else 0
        rescale = float(elements.get("RescaleSlope", 1)), float(elements.get("RescaleIntercept", 0))
        low, high = (end * rescale[0] + rescale[1] for end in (low, low + (1 << bits) - 1))
        shown = (apply_voi_lut(values, elements) - low) / (high - low)
    else:
        values = values + 1024 if values.min() < 0 else values
        bits = max(8, int(values.max()).bit_length())
        white = 1 if elements.BitsAllocated == 1 else (1 << bits) - 1
        shown = values / white
    return 1 - shown if colours == "MONOCHROME1" else shown


REFUSED = {
    "JPEG-lossy.dcm": "damaged",
    "JPEG2000-embedded-sequence-delimiter.dcm": "damaged",
    "MR_truncated.dcm": "damaged",
    "badVR.dcm": "damaged",
    "JPEG2000.dcm": "no window",
    "JPEG2000_UNC.dcm": "no window",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
    **dict.fromkeys((f"rtdose{each}.dcm" for each in ("", "_expb", "_rle")), "no window"),
    **dict.fromkeys((f"rtdose{each}_1frame.dcm" for each in ("", "_expb", "_rle")), "no window"),
}
"""Files with pixels that are refused: pydicom cannot decode them, or their range is unknown."""


def _decoded_whole(path: Path, elements: Dataset) -> Decoded:
    size = max(int(elements.get("Rows", 1)), int(elements.get("Columns", 1)))
    is_grey = str(elements.get("PhotometricInterpretation")).startswith("MONO")
    channels = 1 if is_grey else 3
    return decode_file(path, DecodeSettings(size, channels, "pad", frame="first"))


@pytest.mark.filterwarnings("ignore")
def test_every_file_of_pydicom_equals_its_reference() -> None:
    """Each file with pixels equals pydicom's steps, or is on the list of refused ones."""
    num_equal, refused = 0, dict[str, str]()
    for path in _files_of_pydicom():
        elements = dcmread(path, force=True)
        if path.name not in REFUSED and ("PixelData" not in elements or "Rows" not in elements):
            with pytest.raises(BadImageError, match=r"no pixel data|DICOMDIR|empty"):
                decode_file(path, GREY)
            continue
        try:
            pixels_HWC = _decoded_whole(path, elements).pixels_HWC
        except BadImageError as error:
            refused[path.name] = str(error)
            continue
        reference = _reference(elements) * 255
        height, width = reference.shape[:2]
        top, left = (pixels_HWC.shape[0] - height) // 2, (pixels_HWC.shape[1] - width) // 2
        shown = pixels_HWC[top : top + height, left : left + width]
        shown = shown[..., 0] if reference.ndim == 2 else shown
        assert np.abs(shown - reference).max() <= 1.0, path.name
        num_equal += 1
    assert refused.keys() == REFUSED.keys()
    assert all(REFUSED[name] in reason for name, reason in refused.items())
    assert num_equal > 130
