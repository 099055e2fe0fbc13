"""What README, documentation and benchmark pages state about the code is true of the code."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

import medtui
from medtui.cli.root import app
from medtui.datasets.card import Card
from medtui.errors import MedtuiError
from medtui.evidence.plan import Plan
from medtui.preset import parse_preset
from medtui.preset.external import ClassMap

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "benchmarks").glob("*.md"),
        *(path for path in DOCS.rglob("*.md") if "generated" not in path.parts),
    ]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(
    not DOCS.is_dir(), reason="there is no documentation beside these tests"
)


def pages(*, are_changelogs_read: bool = True):
    """Parametrise a test over all pages."""
    chosen = [page for page in PAGES if are_changelogs_read or page.name != "CHANGELOG.md"]
    return pytest.mark.parametrize(
        "page", chosen, ids=[str(page.relative_to(REPOSITORY)) for page in chosen]
    )


def commands_of(text: str) -> list[str]:
    """Return the lines of code blocks that call medtui, without comments."""
    lines = []
    for language, block in BLOCK.findall(text):
        if language in {"", "shell"}:
            lines += re.sub(r"\\\n\s*", " ", block).splitlines()
    return [line.strip() for line in lines if line.strip().startswith("medtui ")]


def problem_of(line: str) -> str | None:
    """Return why the command line does not have such a command or option; None if it does."""
    words = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if getattr(command, "commands", {}) and words and not words[0].startswith("-"):
        return f"no command {words[0]}"
    options = {name for param in command.params for name in [*param.opts, *param.secondary_opts]}
    given = {word.split("=")[0] for word in words if re.match(r"--[a-z]|-[a-z]$", word)}
    unknown = given - options - {"-h", "--help", "--install-completion"}
    return f"no option {', '.join(unknown)}" if unknown else None


@pages(are_changelogs_read=False)
def test_commands_exist(page):
    """Each command in a code block names a command and options that exist."""
    problems = {line: problem_of(line) for line in commands_of(page.read_text())}
    assert not {line: problem for line, problem in problems.items() if problem}


def test_a_wrong_command_is_found():
    """The check above knows commands and options from others."""
    assert problem_of("medtui runs compare demo --hurt  # comment") is None
    assert problem_of("medtui runs contrast demo") == "no command contrast"
    assert problem_of("medtui stop demo --gently") == "no option --gently"


@pages()
def test_toml_examples_are_valid(page):
    """Each TOML example is a part of a preset, a card, a map of classes, or the settings."""
    for language, block in BLOCK.findall(page.read_text()):
        if language != "toml":
            continue
        table = tomllib.loads(block)
        if "format" in table:
            Card.model_validate(table)
        elif table.keys() == {"classes"}:
            ClassMap.model_validate(table)
        elif "whole" in table:
            Plan.model_validate(table)
        elif not table.keys() <= {"look", "keys"}:
            head = "" if "name" in table else 'name = "example"\n'
            data = "" if "data" in table else '[data]\ncard = "demo"\n'
            try:
                parse_preset(f"{head}{data}{block}", page.name)
            except MedtuiError as error:
                pytest.fail(f"{error.message}\n{block}")


PATH = re.compile(r"(?<![\w/.~-])((?:medtui|tests|presets|data/demo)/[\w/.-]*\w)")


@pages(are_changelogs_read=False)
def test_files_and_modules_exist(page):
    """Paths of the repository, modules and their members that a page names exist."""
    text = re.sub(r"```python.*?```", "", page.read_text(), flags=re.DOTALL)
    assert not [path for path in PATH.findall(text) if not (REPOSITORY / path).exists()]
    assert not [
        name for name in re.findall(r"`(medtui(?:\.(?!json`)\w+)+)`", text) if not is_defined(name)
    ]


@pages(are_changelogs_read=False)
def test_programs_exist(page):
    """Each `python -m` of a page names a program of the repository, or an installed tool."""
    names = re.findall(r"python -m (\w[\w.]*\w)", page.read_text())
    own = [name for name in names if re.match(r"(benchmarks|medtui)\.[a-z]", name)]
    assert not [
        name
        for name in own
        if not (path := REPOSITORY / name.replace(".", "/")).with_suffix(".py").is_file()
        and not (path / "__main__.py").is_file()
    ]


def is_defined(name: str) -> bool:
    """Whether a dotted name is a module, or a function or class in the source of one."""
    path = REPOSITORY / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    defined = re.compile(rf"^(def|class) {path.name}\b", re.MULTILINE)
    sources = (path.parent.with_suffix(".py"), path.parent / "__init__.py")
    return any(each.is_file() and defined.search(each.read_text()) for each in sources)


@pages()
def test_links_lead_somewhere(page):
    """Relative links and pictures of a page exist, as GitHub resolves them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and "://" not in target]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_the_readme_of_the_package_has_no_relative_link():
    """A package index shows the README without the repository's files."""
    text = (REPOSITORY / "README.md").read_text()
    hook = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["metadata"]
    for rule in hook["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > len(hook["hooks"])
    assert not [target for target in targets if not target.startswith(("https://", "#"))]


def test_the_reference_has_every_command_and_event(tmp_path):
    """The generated pages list what the code defines."""
    sys.path.insert(0, str(DOCS))
    try:
        import generate_reference
    finally:
        sys.path.remove(str(DOCS))
    from medtui.events import AnyEvent
    from medtui.metrics.registry import all_metrics
    from medtui.preset import Preset

    generate_reference.write_pages(tmp_path)
    cli = (tmp_path / "cli.md").read_text()
    command = typer.main.get_command(app)
    for name, verb in command.commands.items():
        assert f"## `medtui {name}`" in cli
        for child in getattr(verb, "commands", {}):
            assert f"## `medtui {name} {child}`" in cli
    assert "`--detach`" in cli
    assert "`--timing`, `--no-timing`" in cli, "an option comes before its opposite"
    assert "| None |" not in cli, "hidden options have no help"
    events = (tmp_path / "events.md").read_text()
    assert all(f"## `{event.__name__}`" in events for event in AnyEvent.__args__)
    preset = (tmp_path / "preset.md").read_text()
    assert all(
        f"| `{name}` |" in preset for name in Preset.model_fields if name != "schema_version"
    )
    assert "## `[[compress.custom]]`" in preset
    rows = [*preset.splitlines(), *(tmp_path / "card.md").read_text().splitlines()]
    assert not [row for row in rows if row.startswith("| `") and row.endswith("|  |")]
    assert "`events.jsonl`" in (tmp_path / "files.md").read_text()
    metrics = (tmp_path / "metrics.md").read_text()
    assert all(f"| `{metric.name}` |" in metrics for metric in all_metrics())


def test_one_version_everywhere():
    """Package, citation and changelog name the same version."""
    citation = (REPOSITORY / "CITATION.cff").read_text()
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    released = re.search(r"^## (\d+\.\d+\.\d+) - ", changelog, re.MULTILINE)
    assert f"\nversion: {medtui.__version__}\n" in citation
    assert released is not None
    assert released.group(1) == medtui.__version__
