"""Finds the presets and cards that are packaged with medtui, in a checkout or installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _root(kind: str) -> Path:
    installed = _PACKAGE / "shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def presets_dir() -> Path:
    """Return the folder of packaged presets."""
    return _root("presets")


def data_dir() -> Path:
    """Return the folder of packaged cards: one folder per data set, each with a `card.toml`."""
    return _root("data")


def find_preset(name: str) -> Path | None:
    """Return a packaged preset by its name (`demo`, `study/fig08`), or None."""
    return _inside(presets_dir(), f"{name}.toml")


def find_card(name: str) -> Path | None:
    """Return a packaged card by the name of its data set (`malaria`), or None."""
    return _inside(data_dir(), f"{name}/card.toml")


def preset_names() -> list[str]:
    """Return the names of all packaged presets: the demo, templates, then the study's."""
    root = presets_dir()
    names = [path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.toml")]
    return sorted(names, key=lambda name: (name != "demo", "/" in name, name))


def card_names() -> list[str]:
    """Return the sorted names of all packaged cards."""
    return sorted(path.parent.name for path in data_dir().glob("*/card.toml"))


def _inside(root: Path, relative: str) -> Path | None:
    path = (root / relative).resolve()
    return path if path.is_relative_to(root.resolve()) and path.is_file() else None
