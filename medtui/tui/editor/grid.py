"""Changes to the grid of schemes and densities. Pure functions on documents."""

from medtui.preset import Preset, grid_cells
from medtui.tui.editor.document import PresetDocument

Place = tuple[str, float | None]
"""A scheme's name and a density; None where the scheme has none."""


def chosen_places(preset: Preset) -> set[Place]:
    """Return the places that are run, with any seed."""
    return {(cell.scheme.name, cell.density) for cell in grid_cells(preset)}


def toggle(document: PresetDocument, name: str, density: float | None) -> PresetDocument:
    """Select or deselect one cell, or where `density` is None a scheme with all its cells.

    Without a search, the last cell is kept: then the same document is returned.
    """
    preset = document.preset
    if preset is None or density is None or not preset.compress.scheme(name).takes_density:
        return _toggle_scheme(document, name)
    return _toggle_place(document, preset, (name, density))


def _toggle_scheme(document: PresetDocument, name: str) -> PresetDocument:
    chosen = _switched(_grid(document), name)
    if not chosen and not document.has("search"):
        return document
    return without_strays(document.set_to("compress", "schemes", chosen))


def _toggle_place(document: PresetDocument, preset: Preset, place: Place) -> PresetDocument:
    wanted = chosen_places(preset) ^ {place}
    if not wanted and preset.search is None:
        return document
    order = dict.fromkeys((*preset.compress.schemes, place[0]))
    schemes = [name for name in order if any(scheme == name for scheme, _ in wanted)]
    compress = preset.compress.model_copy(update={"schemes": tuple(schemes)})
    omitted = [
        cell.slug
        for cell in compress.cells(preset.seed_pairs)
        if (here := (cell.scheme.name, cell.density)) not in wanted
        or (here != place and cell.slug in preset.compress.omit)
    ]
    return document.set_to("compress", "schemes", schemes).set_to(
        "compress", "omit", omitted or None
    )


def toggle_search(
    document: PresetDocument, name: str, earlier: PresetDocument | None = None
) -> PresetDocument:
    """Search the density of a scheme, or stop; with the last scheme, the search is removed.

    A search that begins has the settings of an `earlier` one. Without a grid, the last scheme
    stays: then the same document is returned.
    """
    chosen, grid = _switched(_searched(document), name), _grid(document)
    if not chosen:
        return document.without("search") if grid else document
    if not document.has("search"):
        document = document.set_to(
            "compress", "schemes", grid
        )  # by default, a preset with a search has none
        document = document.with_table_of(earlier, "search") if earlier else document
    return document.set_to("search", "scheme", chosen)


def _grid(document: PresetDocument) -> list[str]:
    """Return the grid's schemes, also of an invalid document; with a search, none by default."""
    if document.preset is not None:
        return list(document.preset.compress.schemes)
    is_said = "schemes" in document.table.get("compress", {})
    known = document.value("compress", "schemes") if is_said or not document.has("search") else []
    return [str(name) for name in known] if isinstance(known, list | tuple) else []


def _searched(document: PresetDocument) -> list[str]:
    named = document.table.get("search", {}).get("scheme", [])
    return [str(each) for each in ([named] if isinstance(named, str) else named)]


def _switched(names: list[str], name: str) -> list[str]:
    return [each for each in names if each != name] if name in names else [*names, name]


def without_strays(document: PresetDocument) -> PresetDocument:
    """Remove omitted cells that are not in the grid, or all of them if every cell were omitted."""
    omitted = document.value("compress", "omit")
    bare = document.set_to("compress", "omit", None)
    if not isinstance(omitted, list) or bare.preset is None:
        return document
    names = [cell.slug for cell in grid_cells(bare.preset)]
    kept = [name for name in omitted if name in names]
    return bare if len(kept) in {0, len(names)} else document.set_to("compress", "omit", kept)
