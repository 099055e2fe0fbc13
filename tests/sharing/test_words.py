"""Words are found wherever they stand alone, among thousands, in any content."""

import random
import string

import numpy as np
import pytest

from medtui.sharing.scrubbing import without_paths
from medtui.sharing.words import Needles, Words


def test_found_words_are_those_of_a_plain_search():
    """In random text of a small alphabet, with words that begin alike and overlap."""
    numbers = random.Random(3)
    words = {
        "".join(numbers.choices("ab1", k=numbers.randrange(4, 9))).encode() for _ in range(200)
    }
    for _ in range(20):
        text = "".join(numbers.choices("ab1 .", k=3000)).encode()
        found = [(each.start, each.word) for each in Needles(words).find(text)]
        wanted, at = [], 0
        for part in text.replace(b".", b" ").split(b" "):
            wanted += [(at, part)] if part in words else []
            at += len(part) + 1
        assert found == wanted


def test_a_word_across_two_chunks_is_found(monkeypatch):
    """Content is searched in pieces; a word may lie on a border."""
    monkeypatch.setattr("medtui.sharing.words._CHUNK_BYTES", 64)
    for at in range(50, 80):
        content = b" " * at + b"Mustermann" + b" " * 90
        assert [each.start for each in Needles([b"Mustermann"]).find(content)] == [at]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [("of 10023456.", True), ("10023456", True), ("0.10023456", False), ("10023456.5", False),
     ("110023456", False), ("x10023456", False), ("patient-10023456", True),
     ("image-000123 10023456", True), ("image-000123", False), ("000123", True)],
)  # fmt: skip
def test_numbers_are_whole_numbers_and_no_pseudonyms(text, is_found):
    """A fraction has digits, and a pseudonym has; neither is the number of a patient."""
    words = Words({"10023456": "patient-0001", "000123": "image-000123"})
    assert bool(list(words.in_strings(text.encode()))) == is_found


def test_each_word_is_replaced_by_its_own():
    """The longest word at a place counts."""
    words = Words({"Anna Meier": "patient-0001", "Anna Meier 2.png": "image-000001"})
    text = words.replace("Anna Meier 2.png is of Anna Meier; Anna Meiers is not")
    assert text == "image-000001 is of patient-0001; Anna Meiers is not"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("word", ["Station 3b/x1.png", "Müller-Lüdenscheidt", "Владимирович"])
def test_bytes_of_every_encoding_are_searched(encoding, word):
    """Between the bytes of weights, beside zeros."""
    weights = np.random.default_rng(0).standard_normal(1000, np.float32).tobytes()
    words = Words({word: "withheld", "".join(string.ascii_letters): "x"})
    content = weights + word.encode(encoding) + weights
    assert [*words.in_binary(content)]
    assert not [*words.in_binary(weights + weights)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("/home/a/b.png is read-only", "withheld is read-only"), ("in ~/data/x", "in withheld"),
     ("file:/data/mlruns", "withheld"), ("41,000 images/s, 3/4", "41,000 images/s, 3/4"),
     ("https://github.com/a/b", "https://github.com/a/b"), ("(/mnt/x/y)", "(withheld)")],
)  # fmt: skip
def test_paths_are_withheld_and_addresses_are_not(text, wanted):
    """A path begins at a root or a home directory, and has two parts or more."""
    assert without_paths(text) == wanted
