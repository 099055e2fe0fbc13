"""Writes the text of a card: values, and above them the evidence as comments."""

import json
from collections.abc import Iterator, Sequence

from medtui.control_characters import one_line
from medtui.datasets.dicom_section import DicomSection
from medtui.datasets.suggestion.draft import Draft, TableDraft
from medtui.datasets.suggestion.lists import OfficialLists
from medtui.datasets.table_section import TableFiles

_WIDTH = 100
"""Characters of a comment line."""

_AUGMENT = """
[augment]           # transformations that do not change an image's class
flip_horizontal = false
flip_vertical = false
rotation_degrees = 0.0
brightness = 0.0
contrast = 0.0
saturation = 0.0
hue = 0.0
"""


def write_card_text(draft: Draft) -> str:
    """Return the TOML text of a draft."""
    lines = ["# Written by `medtui data new`: check every line."]
    lines += _head(draft)
    if draft.table is not None:
        lines += ["", *_table(draft, draft.table)]
    if draft.pixels.is_dicom:
        lines += ["", *_dicom(draft)]
    if draft.lists is not None:
        lines += ["", *_lists(draft.lists)]
    return "\n".join(lines) + "\n" + _AUGMENT


def write_npz_card_text(name: str, file: str) -> str:
    """Return the text of a card for an npz file, which holds classes, size and split itself."""
    return (
        "# Written by `medtui data new`: check every line.\n"
        f"schema = 1\nname = {_toml(name)}\n"
        'title = ""\nformat = "medmnist"\n'
        f"file = {_toml(file)}\n"
        'split = "official"  # the file\'s own train, val and test\n'
        'source = ""\nlicence = ""\ncitation = ""\n' + _AUGMENT
    )


def _head(draft: Draft) -> Iterator[str]:
    yield "schema = 1"
    yield f"name = {_toml(draft.name)}"
    yield 'title = ""'
    yield from _comments(draft, "format")
    yield f"format = {_toml('table' if draft.table else 'folders')}"
    yield f"task = {_toml(draft.task)}"
    yield from _comments(draft, "classes")
    yield f"classes = {_toml(draft.classes)}"
    if draft.positive:
        yield f"positive = {_toml(draft.positive)}  # what sensitivity is about"
    yield from _comments(draft, "channels")
    yield f"channels = {draft.pixels.channels}"
    yield f"size = {draft.pixels.size}"
    yield from _comments(draft, "patient")
    if draft.patient or draft.table is None:
        yield f"patient = {_toml(draft.patient)}"
    yield from _comments(draft, "split")
    yield f"split = {_toml('official' if draft.is_official else 'patient')}"
    yield 'source = ""'
    yield 'licence = ""'
    yield 'citation = ""'


def _table(draft: Draft, table: TableDraft) -> Iterator[str]:
    yield "[table]"
    yield from _comments(draft, "file")
    yield f"{'files' if len(table.files) > 1 else 'file'} = {_toml(list(table.files))}"
    if not table.has_header:
        yield "header = false  # the first row names no columns: they are numbered"
    yield from _comments(draft, "name_column")
    yield f"name_column = {_toml(table.name_column)}"
    yield from _comments(draft, "label_column")
    if table.label_column:
        yield f"label_column = {_toml(table.label_column)}"
        yield f"separator = {_toml(table.separator)}"
    if table.none_label:
        yield f"none_label = {_toml(table.none_label)}"
    if table.num_uncertain:
        yield f"# {table.num_uncertain:,} cells are -1, which is neither 0 nor 1"
        if "uncertain" in TableFiles.model_fields:
            yield 'uncertain = "ignore"  # or "negative" or "positive"'
    yield from _comments(draft, "patient_column")
    yield f"patient_column = {_toml(table.patient_column)}"
    if table.split_column:
        yield f"split_column = {_toml(table.split_column)}"
    yield 'subgroups = []  # like [{ name = "age", column = "Age", bins = [40, 60] }]'


def _dicom(draft: Draft) -> Iterator[str]:
    section = DicomSection()
    yield "# From the DICOM headers; the PatientID is kept as a hash."
    yield "[dicom]"
    has_other = draft.patient or (draft.table is not None and draft.table.patient_column)
    yield f"patient = {'false' if has_other else 'true'}"
    yield f"subgroups = {_toml(list(section.subgroups))}"
    yield f"age_bins = [{', '.join(f'{edge:g}' for edge in section.age_bins)}]"


def _lists(lists: OfficialLists) -> Iterator[str]:
    yield "[official]"
    yield f"{'train' if lists.val else 'train_val'} = {_toml(lists.train)}"
    if lists.val:
        yield f"val = {_toml(lists.val)}"
    yield f"test = {_toml(lists.test)}"


def _comments(draft: Draft, key: str) -> Iterator[str]:
    for sentence in draft.evidence.get(key, ()):
        yield from _wrapped(one_line(sentence))


def _wrapped(sentence: str) -> Iterator[str]:
    line = "#"
    for word in sentence.split():
        if len(line) + len(word) >= _WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def _toml(value: str | Sequence[str]) -> str:
    """Return a string or a list of strings as TOML; its escapes are JSON's and DEL's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
