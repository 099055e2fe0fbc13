"""Adding an operator takes its model and one case; no other code asks for its type."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args

import pytest
from torch import nn

import medtui
from medtui.engine.cell_forecast import require_kept
from medtui.engine.pruning.density_check import check_density
from medtui.engine.pruning.operations import Rounding, TooDense
from medtui.engine.pruning.schemes import build_scheme, operation_of
from medtui.preset import BlockPrune, Cell, GuardSettings, Operator, Scheme, StructuredPruning

PACKAGE = Path(medtui.__file__).parent
OPERATORS = get_args(get_args(Operator)[0])
NAMES = {operator.__name__ for operator in OPERATORS}


class Toy(StructuredPruning):
    """An operator without a case."""

    op: Literal["Toy"] = "Toy"


TOY = Scheme.model_construct(name="Toy", operators=(Toy(),))


@pytest.fixture
def network() -> nn.Module:
    """Return a network of two convolutions and two linear layers."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.Conv2d(16, 40, 3), nn.Flatten(), nn.Linear(40, 24), nn.Linear(24, 8)
    )


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("guard", [None, GuardSettings(protect=())], ids=["stock", "guarded"])
def test_what_an_operator_builds_holds_what_it_counts(operator, guard, network):
    """Half of the units are kept and pass the check; the dense network fails it."""
    scheme = Scheme(name="Own", operators=(operator(),))
    cell = Cell(scheme, 0.5 if scheme.takes_density else None, seed=0)
    built = build_scheme(scheme, cell.density, guard)
    with pytest.raises(TooDense):
        check_density(network, cell, built)
    built.pi(network)
    check_density(network, cell, built)
    operation = operation_of(scheme.operators[0])
    units = operation.units_in(network, cell.density)
    assert (units is None) == isinstance(operation, Rounding)
    if units is not None:
        assert 0 < units.limit == units.total // 2


def test_operators_count_their_own_units(network):
    """Each operator counts its filters, neurons, blocks or weights in the layers that it prunes."""
    found = {
        operator.__name__: operation_of(operator()).units_in(network, 0.5) for operator in OPERATORS
    }
    counted = {name: (units.total, units.name) for name, units in found.items() if units}
    conv, linear = 3 * 16 * 9 + 16 * 40 * 9, 40 * 24 + 24 * 8
    assert counted == {
        "Prune": (conv + linear, "weights"),
        "FilterPrune": (56, "filters"),
        "NeuronPrune": (32, "neurons"),
        "StructPrune": (88, "filters and neurons"),
        "BlockPrune": (linear // 8, "blocks"),
    }
    wide = operation_of(BlockPrune(block=(2, 4), density=0.25)).units_in(network, None)
    assert (wide.total, wide.limit) == (linear // 8, linear // 32)


def test_an_operator_without_a_case_is_refused_and_not_judged_as_another(network):
    """Building, counting and checking raise for an unknown operator."""
    cell = Cell(TOY, 0.5, seed=0)
    for judge in (
        lambda: build_scheme(TOY, 0.5, None),
        lambda: require_kept(cell, network),
        lambda: check_density(network, cell, build_scheme(Scheme(
            name="Own", operators=(OPERATORS[0](),)), 0.5, None)),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="Toy"):
            judge()


def test_the_preset_knows_a_new_operator_by_its_base():
    """A new structured operator takes the cell's density and describes itself."""
    assert TOY.takes_density
    assert TOY.is_structured
    assert not TOY.is_grouped
    assert TOY.operators[0].effect == "An operator without a case"


def test_only_the_schemes_module_asks_which_operator_it_is():
    """No other module of the engine names an operator."""
    asking = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_import = isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "medtui.preset"
            )
            if is_import and NAMES & {alias.name for alias in node.names}:
                asking.add(path.relative_to(PACKAGE).as_posix())
    assert asking == {"preset/__init__.py", "engine/pruning/schemes.py"}


@pytest.mark.slow
def test_the_type_checker_names_the_one_place_that_lacks_a_case(tmp_path):
    """With one more operator in the union, mypy reports one error, in the schemes."""
    shutil.copytree(PACKAGE, tmp_path / "medtui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE.parent / "pyproject.toml", tmp_path)
    path = tmp_path / "medtui" / "preset" / "schemes.py"
    text = path.read_text(encoding="utf-8")
    toy = 'class Toy(StructuredPruning):\n    """Toy."""\n\n    op: Literal["Toy"] = "Toy"\n\n\n'
    changed = text.replace("Operator = Annotated[", f"{toy}Operator = Annotated[").replace(
        "BlockPrune | Quantize,", "BlockPrune | Quantize | Toy,"
    )
    assert changed.count("Toy") == 5
    path.write_text(changed, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "medtui/preset", "medtui/engine"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (error,) = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert error.startswith("medtui/engine/pruning/schemes.py:")
    assert "assert_never" in error
