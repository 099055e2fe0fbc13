"""What is said about a wrong preset: all of it at once, each at its line or its option."""

import re

import pytest
import tomli
from pydantic import ValidationError

from medtui.errors import UsageError
from medtui.preset import load_preset, parse_preset
from medtui.preset.file import read_preset, with_present_names
from medtui.preset.former_names import FormerNames
from medtui.preset.model import Preset
from medtui.preset.schemes import RESERVED
from medtui.preset.toml import Document, DocumentError, Source, check, fault, validate
from medtui.runs.folder import StudyFolder

TWO_SCHEMES = """name = "two"
[data]
card = "demo"
[compress]
schemes = ["First"]
[[compress.custom]]
name = "First"
operators = [{ op = "Prune" }]
[lc]
cycles = 5
[[compress.custom]]
name = "Second"
operators = [
  { op = "Prune" },
  { op = "FilterPrune", align = 0 },
]
"""


def problems_of(text, overrides=(), tmp_path=None):
    """Return the problems of a preset's text, or of its file with overrides."""
    if tmp_path is None:
        with pytest.raises(DocumentError) as caught:
            parse_preset(text, "p.toml")
        return caught.value.problems
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_preset(str(tmp_path / "p.toml"), overrides)
    return caught.value.problems


def places_of(text):
    """Return each problem's key and line."""
    return [(each.key, each.line) for each in problems_of(text)]


def test_an_error_in_the_second_table_of_an_array_has_its_own_line():
    """It is the only problem: neither a union's branch nor a short tuple is mentioned."""
    (problem,) = problems_of(TWO_SCHEMES)
    assert problem.key == "compress.custom[1].operators[1].align"
    assert (problem.line, problem.source) == (15, '  { op = "FilterPrune", align = 0 },')
    assert problem.sentence == f"`{problem.key}` = 0 must be greater than or equal to 1"


def test_text_within_a_string_is_no_key():
    """`lr = 3` in a note of several lines is not where lr is given."""
    text = 'name = "x"\nnote = """\n[lc]\nlr = 3\n"""\n[data]\ncard = "demo"\n[lc]\nlr = -1.0\n'
    assert places_of(text) == [("lc.lr", 9)]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_fields_and_checks_across_fields_are_reported_together(newline):
    """A check is only left out where a key that it reads is wrong by itself."""
    text = """name = 3
[data]
seeed = 1
[compress]
schemes = ["Pruen", "Prune"]
densities = [0.5, 0.5]
omit = ["prune-0.7"]
[lc]
steps = 0
lr_schedule = [1]
cycles = 3
[guard]
warmup_cycles = 3
[search]
low = 0.5
high = 0.1
[published.prune]
metric = "F1"
value = 1.0
""".replace("\n", newline)
    assert places_of(text) == [
        ("name", 1),
        ("data.card", 2),
        ("data.seeed", 3),
        ("compress.schemes[0]", 5),
        ("compress.densities[1]", 6),
        ("lc.steps", 9),
        ("lc.lr_schedule", 10),
        ("guard.warmup_cycles", 13),
        ("search.scheme", 14),
        ("search.high", 16),
        ("published.prune.metric", 18),
    ]


def test_a_wrong_key_hides_the_checks_that_read_it_and_no_other():
    """With a wrong `cycles`, nothing is said of a warm-up that the default cycles do not hold."""
    text = 'name = "x"\n[data]\ncard = "demo"\n[lc]\ncycles = 0\n[guard]\nwarmup_cycles = 45\n'
    assert places_of(text) == [("lc.cycles", 5)]
    assert places_of(text.replace("= 0", "= 45")) == [("guard.warmup_cycles", 7)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Lock", "a file of every study"),
        ("REFERENCE", "a file of every study"),
        ("preset.toml", "letters, digits and underscores"),
        ("prune", "taken by a shipped scheme"),
        ("first", "taken by the custom scheme `First`"),
    ],
)
def test_a_scheme_whose_name_is_taken_is_refused_at_its_line(name, words):
    """A run's folder is named after its scheme, among the study's files."""
    text = TWO_SCHEMES.replace("align = 0", "align = 1").replace("Second", name)
    (problem,) = problems_of(text)
    assert (problem.key, problem.line) == ("compress.custom[1].name", 12)
    assert words in problem.sentence


def test_every_file_of_a_study_that_a_scheme_could_be_called_is_reserved(tmp_path):
    """A new file in the study's folder without a dot in its name is a new reserved name."""
    properties = [name for name, kind in vars(StudyFolder).items() if isinstance(kind, property)]
    paths = [getattr(StudyFolder(tmp_path), name) for name in properties]
    names = {getattr(path, "name", path) for path in paths} - {tmp_path.name}
    assert {name for name in names if re.fullmatch(r"\w+", name)} == RESERVED


def test_unknown_keys_and_values_are_answered_in_every_table():
    """Also in an operator, whose keys depend on its `op`, and in a list of choices."""
    text = TWO_SCHEMES.replace("align = 0", "algin = 1").replace("cycles = 5", 'mode = "fsat"')
    mode, unknown = problems_of(text)
    assert mode.sentence.endswith("must be 'exact' or 'fast'. Did you mean `fast`?")
    assert unknown.sentence.endswith("Did you mean `align`?")
    wrong = TWO_SCHEMES.replace('"FilterPrune", align = 0', '"FilterPrun"')
    (problem,) = problems_of(wrong)
    assert problem.key == "compress.custom[1].operators[1].op"
    assert problem.sentence.endswith("Did you mean `FilterPrune`?")


def test_every_key_given_twice_is_named_with_both_lines():
    """The parser itself stops at the first."""
    text = 'name = "x"\n[lc]\nlr = 1\nlr = 2\nsteps = 1\nsteps = 2\n'
    assert places_of(text) == [("lc.lr", 4), ("lc.steps", 6)]
    assert all("is given twice, first on line" in each.sentence for each in problems_of(text))


def test_an_override_is_named_and_the_files_errors_keep_their_lines(tmp_path):
    """`--set` has no line; whatever the file has, has."""
    text = 'name = "x"\n[data]\ncard = "demo"\n[lc]\nlr = -1\nsteps = 1\n'
    overrides = ["lc.steps=0", "compress.densities=[0.1, 7]", "published.a.value=1.0"]
    found = problems_of(text, overrides, tmp_path)
    assert [(each.key, each.option, each.line) for each in found] == [
        ("compress.densities[1]", "--set compress.densities=[0.1, 7]", None),
        ("lc.steps", "--set lc.steps=0", None),
        ("published.a.metric", "--set published.a.value=1.0", None),
        ("lc.lr", "", 5),
    ]


def test_a_table_that_an_override_made_is_not_looked_for_in_the_file(tmp_path):
    """The file has no such key, so that its path alone would send the reader there."""
    text = 'name = "x"\n[data]\ncard = "demo"\n'
    (problem,) = problems_of(text, ["lv.steps=3"], tmp_path)
    assert (problem.option, problem.line) == ("--set lv.steps=3", None)
    assert problem.sentence.startswith("unknown key `lv`.")


def test_an_override_that_contradicts_the_file_is_named_beside_the_line(tmp_path):
    """The line alone would look right."""
    text = 'name = "x"\n[data]\ncard = "demo"\n[guard]\nwarmup_cycles = 5\n'
    (problem,) = problems_of(text, ["lc.cycles=4"], tmp_path)
    assert problem.line == 5
    assert problem.sentence.endswith("(--set lc.cycles=4)")


@pytest.mark.parametrize(
    "override", [f"lc.steps={'9' * 5000}", "lc.", "a b=1", "[lc]\nx=1\ny=2", "x" * 99]
)
def test_a_malformed_override_is_a_usage_error(override):
    """It is named, shortened where it is long."""
    with pytest.raises(UsageError, match=r"^--set ") as caught:
        load_preset("demo", [override])
    assert len(str(caught.value)) < 200


def test_an_override_may_quote_its_keys():
    """Names of runs hold dots."""
    text = 'published."prune-0.1"={metric="accuracy", value=0.9}'
    preset = load_preset("demo", [text, 'published."prune-0.1".value=0.8'])
    assert preset.published["prune-0.1"].value == 0.8


def test_a_secret_is_not_shown_wherever_it_was_given(tmp_path):
    """Neither the line nor the option of a key that does not belong there is printed."""
    text = 'name = "x"\n[data]\ncard = "demo"\n[track]\napi_key = "hunter2"\n'
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    for overrides in ([], ['track.api_key="hunter2"']):
        with pytest.raises(DocumentError) as caught:
            load_preset(str(tmp_path / "p.toml"), overrides)
        assert "hunter2" not in str(caught.value)


class Inner(Document):
    """A table whose keys were renamed."""

    cycles: int = 1
    rule: str = "new"


class Renamed(Document):
    """A document of a version that renamed keys and values."""

    former_names = FormerNames(
        keys={"inner.iterations": "inner.cycles", "old.speed": "speed", "many.*.a": "many.*.rule"},
        values={"inner.rule": {"former": "new"}},
    )
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    speed: int = 0

    @check("speed", "inner.cycles")
    def _agree(self):
        if self.speed > self.inner.cycles:
            yield fault("inner.cycles", "is below speed")


def renamed(text):
    """Read a document with former names."""
    return validate(Renamed, tomli.loads(text), Source("f.toml", text))


def test_former_keys_and_values_are_read_as_todays():
    """Files of earlier versions stay valid."""
    read = renamed('[inner]\niterations = 7\nrule = "former"\n')
    assert (read.inner.cycles, read.inner.rule) == (7, "new")


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        ("[inner]\n\niterations = 'x'\n", "inner.cycles", 3, "must be a valid integer"),
        ("speed = 3\n[inner]\niterations = 2\n", "inner.cycles", 3, "is below speed"),
        ("[inner]\niterations = 2\ncycles = 2\n", "inner.iterations", 2, "former name of `cycles`"),
        ("[inner]\niteration = 2\n", "inner.iteration", 2, "Did you mean `cycles`?"),
    ],
)
def test_errors_of_former_keys_keep_their_lines(text, key, line, words):
    """The message speaks of today's key and shows the line that was written."""
    with pytest.raises(DocumentError) as caught:
        renamed(text)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, line)
    assert words in problem.sentence


def test_a_key_may_move_to_another_table_and_within_arrays():
    """Its empty former table does not stay behind."""
    table = tomli.loads("[old]\nspeed = 3\n[[many]]\na = 1\n[[many]]\nb = 2\n[[many]]\na = 3\n")
    moved = Renamed.former_names.apply(table)
    assert table == {"speed": 3, "many": [{"rule": 1}, {"b": 2}, {"rule": 3}]}
    assert moved["many", 2, "rule"] == ("many", 2, "a")


def test_condensas_name_of_an_operator_is_accepted_and_replaced_in_the_editor():
    """A preset may be written from Condensa's documentation; its comments stay."""
    text = TWO_SCHEMES.replace('"FilterPrune", align = 0', '"StructurePrune"') + "# end\n"
    assert parse_preset(text, "p").compress.custom[1].operators[1].op == "StructPrune"
    assert with_present_names(text) == text.replace("StructurePrune", "StructPrune")
    assert with_present_names(TWO_SCHEMES) is TWO_SCHEMES


def test_the_source_of_a_preset_leads_later_findings_to_options_and_lines(tmp_path):
    """The preflight's refusals name what the preset's own checks would."""
    (tmp_path / "p.toml").write_text(TWO_SCHEMES.replace("align = 0", "align = 2"))
    _, source = read_preset(str(tmp_path / "p.toml"), ["machine.device=cpu"])
    assert source.problem_at(("machine", "device"), "").option == "--set machine.device=cpu"
    assert source.problem_at(("lc", "cycles"), "").line == 10


def test_a_check_refuses_models_that_are_made_in_code():
    """Checks are part of the model, not of reading files."""
    with pytest.raises(ValidationError, match="exclude each other"):
        Preset.model_validate(
            {"name": "x", "data": {"card": "demo"}, "lc": {"lr_decay": 0.9, "lr_schedule": [1],
             "lr_multiplier": 0.1}}
        )  # fmt: skip


@pytest.mark.parametrize("number", [str(2**63), "0x" + "f" * 5000], ids=["2**63", "hexadecimal"])
@pytest.mark.parametrize("key", ["reference.seed", "lc.batch_size", "schema", "lc.lr"])
def test_integers_beyond_64_bits_are_refused(tmp_path, key, number):
    """In the file and in an option, with the key; no message converts them to decimal digits."""
    section, _, name = key.rpartition(".")
    lines = [f"[{section}]", f"{name} = {number}"] if section else []
    top = [] if section else [f"{name} = {number}"]
    text = "\n".join([*top, 'name = "x"', "[data]", 'card = "demo"', *lines])
    (problem,) = problems_of(text)
    assert "more than 64 bits" in problem.sentence
    assert problem.line == (5 if section else 1)
    assert len(problem.source) <= 60
    (problem,) = problems_of('name = "x"\n[data]\ncard = "demo"', [f"{key}={number}"], tmp_path)
    assert problem.option.startswith(f"--set {key}=")


@pytest.mark.parametrize("key", ["lc.batch_size", "reference.batch_size", "evaluate.batch_size"])
def test_batches_have_a_largest_size(key):
    """The dry run of a batch of 10**18 images did not end."""
    section, name = key.split(".")
    text = f'name = "x"\ndata = {{ card = "demo" }}\n[{section}]\n{name} = 1000000000000000000'
    (problem,) = problems_of(text)
    assert problem.sentence.endswith("must be less than or equal to 1000000")


def test_a_key_is_suggested_as_it_is_written_in_a_preset():
    """Not by the name that it has in the code."""
    plain = '[data]\ncard = "demo"\n'
    (problem,) = problems_of('name = "p"\nschema_version = 1\n' + plain)
    assert "Did you mean `schema`?" in problem.sentence
    assert problem.sentence.count("schema_version") == 1
    (problem,) = problems_of('name = "p"\nunheard_of = 1\n' + plain)
    assert "schema," in problem.sentence
    assert "schema_version" not in problem.sentence
