"""Numbers of records that are long without being large."""

import msgspec
import pytest

from medtui.errors import MedtuiError
from medtui.runs.json_record import read_json_record

_decoder = msgspec.json.Decoder(dict[str, float])


def test_a_small_fraction_with_many_digits_is_read(tmp_path):
    """Rare classes have probabilities such as 0.0001, whose digits are written without exponent."""
    path = tmp_path / "record.json"
    path.write_bytes(b'{"predicted": 0.00010061944785211785}')
    assert read_json_record(path, _decoder) == {"predicted": 0.00010061944785211785}


@pytest.mark.parametrize("number", ["123456789012345678901", "-123456789012345678901"])
def test_an_integer_beyond_64_bits_is_refused(tmp_path, number):
    """It cannot be formatted or divided."""
    path = tmp_path / "record.json"
    path.write_text(f'{{"predicted": {number}}}')
    with pytest.raises(MedtuiError):
        read_json_record(path, _decoder)
