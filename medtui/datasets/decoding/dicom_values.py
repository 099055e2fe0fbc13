"""Maps the stored values of a grey DICOM picture to those that a viewer shows.

Source: DICOM PS3.3, C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.5.1.1.2 (pixel padding).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medtui.datasets.decoding.png import BadImageError

if TYPE_CHECKING:
    from pydicom import Dataset

Values = NDArray[Any]
Window = tuple[float, float]

_LOWEST_CT = -1024.0
"""Hounsfield units that become 0 without a window; air has -1000, and lower values pad."""

_SIXTEEN_BITS = 0xFFFF


@dataclass(frozen=True)
class Shown:
    """Values and the range of them that is shown."""

    values: Values
    window: Window | None
    """Values that become black and white; None where the range of the whole set applies."""


def shown_values(elements: "Dataset", stored: Values, wanted: Window | None) -> Shown:
    """Return rescaled values (Hounsfield units in CT) within the wanted or the file's window.

    They are clipped to the window here, before the picture is scaled down, as a viewer does:
    otherwise a marker of metal would spread to its neighbours.

    Raises:
        BadImageError: there is no window, and the values have no range of their own.
    """
    values = _rescaled(_group(elements, "PixelValueTransformationSequence"), stored)
    if wanted is not None:
        return Shown(values.clip(*wanted), None)
    group = _group(elements, "FrameVOILUTSequence")
    if "VOILUTSequence" in group:
        return _by_table(group, values)
    if "WindowCenter" in group and "WindowWidth" in group:
        return _by_window(group, values)
    return _by_range(elements, values)


def padding_mask(elements: "Dataset", stored: Values) -> NDArray[np.bool_] | None:
    """Return where pixels are no part of the picture; None where the file does not pad."""
    value = elements.get("PixelPaddingValue")
    if value is None or stored.dtype.kind not in "iu":
        return None
    first = _signed(int(value), stored)
    limit = elements.get("PixelPaddingRangeLimit")
    last = first if limit is None else _signed(int(limit), stored)
    mask: NDArray[np.bool_] = stored == first
    if first != last:
        mask = (stored >= min(first, last)) & (stored <= max(first, last))
    return mask


def blacken(
    values: Values, padding: NDArray[np.bool_], window: Window | None, is_inverted: bool
) -> Values:
    """Return values with black in place of padding, whatever value it was stored as."""
    if window is not None:
        black = window[1] if is_inverted else window[0]
    elif is_inverted:
        black = values[~padding].max(initial=0)
    else:
        black = 0
    return np.where(padding, np.asarray(black, values.dtype), values)


def _signed(value: int, stored: Values) -> int:
    """Return a value that may be written as unsigned where pixels are signed."""
    limits = np.iinfo(stored.dtype)
    return value - (1 << limits.bits) if value > limits.max else value


def _group(elements: "Dataset", name: str) -> "Dataset":
    """Return the elements of the first frame's functional group, else those of the file."""
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for group in list(elements.get(groups) or ())[:1]:
            if name in group and group[name].value:
                first: Dataset = group[name].value[0]
                return first
    return elements


def _rescaled(group: "Dataset", stored: Values) -> Values:
    if "ModalityLUTSequence" in group:
        from pydicom.pixels.processing import apply_modality_lut

        return apply_modality_lut(stored, group)
    slope, intercept = _number(group, "RescaleSlope", 1.0), _number(group, "RescaleIntercept", 0.0)
    if not slope:
        raise BadImageError("damaged: a rescale slope of 0")
    if (slope, intercept) == (1.0, 0.0):
        return stored
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _by_table(group: "Dataset", values: Values) -> Shown:
    from pydicom.pixels.processing import apply_voi

    if values.dtype.kind == "f":
        values = np.rint(values).astype(np.int32)
    bits = int(group.VOILUTSequence[0].LUTDescriptor[2])
    return Shown(apply_voi(values, group), (0.0, float((1 << bits) - 1)))


def _by_window(group: "Dataset", values: Values) -> Shown:
    """Apply the first window. A linear one is left to the scaling, which keeps its precision."""
    centre, width = _number(group, "WindowCenter", 0.0), _number(group, "WindowWidth", 0.0)
    function = str(group.get("VOILUTFunction") or "LINEAR").upper()
    if function == "SIGMOID":
        if width <= 0:
            raise BadImageError("damaged: a window without width")
        exponent = (values.astype(np.float32) - np.float32(centre)) * np.float32(-4 / width)
        return Shown(1 / (1 + np.exp(exponent.clip(-80, 80))), (0.0, 1.0))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if width < 0 or (function != "LINEAR" and width == 0):
        raise BadImageError("damaged: a window without width")
    if width == 0:
        return Shown((values > centre).astype(np.float32), (0.0, 1.0))
    low, high = centre - width / 2, centre + width / 2
    if values.dtype.kind in "iu" and (low, high) != (0.0, 255.0):
        values = values.astype(np.float32)
    return Shown(values.clip(low, high), (low, high))


def _by_range(elements: "Dataset", values: Values) -> Shown:
    """Leave whole numbers of at most 16 bits to the range of the set."""
    if elements.get("Modality") == "CT" and values.min() < 0:
        values = np.rint(values - _LOWEST_CT).clip(0, _SIXTEEN_BITS)
    is_whole = values.dtype.kind in "iu" or bool((np.rint(values) == values).all())
    if not is_whole or values.min() < 0 or values.max() > _SIXTEEN_BITS:
        raise BadImageError(
            "no window in this DICOM file, and negative, fractional or very large values; set "
            "those that become black and white in the card: window = [low, high]"
        )
    return Shown(values, None)


def _number(group: "Dataset", name: str, default: float) -> float:
    """Return a number, or the first of several."""
    value = group.get(name)
    if value is None or value == "":
        return default
    number = float(
        value[0] if isinstance(value, list | tuple) or hasattr(value, "append") else value
    )
    if not np.isfinite(number):
        raise BadImageError("damaged: a rescale or window value that is no number")
    return number
