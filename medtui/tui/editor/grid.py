"""The matrix of schemes x densities as a person fills it in. Pure functions over drafts."""

from medtui.preset import Preset, expand_grid
from medtui.tui.editor.document import Draft

Place = tuple[str, float | None]
"""A scheme's name and a density; None where the scheme takes none."""


def chosen_places(preset: Preset) -> set[Place]:
    """Give the places that are run, with whatever seed."""
    return {(cell.scheme.name, cell.density) for cell in expand_grid(preset)}


def toggle(draft: Draft, name: str, density: float | None) -> Draft:
    """Choose or drop one cell, or where `density` is None a scheme with all its cells.

    The last one stays where no search is asked for: then the draft given is the draft returned.
    """
    preset = draft.preset
    if preset is None or density is None or not preset.compress.scheme(name).takes_density:
        return _toggle_scheme(draft, name)
    return _toggle_place(draft, preset, (name, density))


def _toggle_scheme(draft: Draft, name: str) -> Draft:
    chosen = _switched(_grid(draft), name)
    if not chosen and not draft.has("search"):
        return draft
    return without_strays(draft.set_to("compress", "schemes", chosen))


def _toggle_place(draft: Draft, preset: Preset, place: Place) -> Draft:
    wanted = chosen_places(preset) ^ {place}
    if not wanted and preset.search is None:
        return draft
    order = dict.fromkeys((*preset.compress.schemes, place[0]))
    schemes = [name for name in order if any(scheme == name for scheme, _ in wanted)]
    omitted = [
        cell.slug
        for cell in preset.compress.model_copy(update={"schemes": tuple(schemes)}).cells()
        if (here := (cell.scheme.name, cell.density)) not in wanted
        or (here != place and cell.slug in preset.compress.omit)
    ]
    return draft.set_to("compress", "schemes", schemes).set_to("compress", "omit", omitted or None)


def toggle_search(draft: Draft, name: str, earlier: Draft | None = None) -> Draft:
    """Search the density of a scheme, or no longer; with the last one, the search goes.

    A search that begins has the settings of an `earlier` one. The last one stays where there is no
    grid: then the draft given is the draft returned.
    """
    chosen, grid = _switched(_searched(draft), name), _grid(draft)
    if not chosen:
        return draft.without("search") if grid else draft
    if not draft.has("search"):
        draft = draft.set_to("compress", "schemes", grid)  # unsaid, a search would have none
        draft = draft.with_table_of(earlier, "search") if earlier else draft
    return draft.set_to("search", "scheme", chosen)


def _grid(draft: Draft) -> list[str]:
    """Give the grid's schemes, also while the draft is no preset; unsaid beside a search, none."""
    if draft.preset is not None:
        return list(draft.preset.compress.schemes)
    is_said = "schemes" in draft.table.get("compress", {})
    known = draft.value("compress", "schemes") if is_said or not draft.has("search") else []
    return [str(name) for name in known] if isinstance(known, list | tuple) else []


def _searched(draft: Draft) -> list[str]:
    named = draft.table.get("search", {}).get("scheme", [])
    return [str(each) for each in ([named] if isinstance(named, str) else named)]


def _switched(names: list[str], name: str) -> list[str]:
    return [each for each in names if each != name] if name in names else [*names, name]


def without_strays(draft: Draft) -> Draft:
    """Forget omitted cells that the grid has no longer, or all if else nothing were left of it."""
    omitted = draft.value("compress", "omit")
    bare = draft.set_to("compress", "omit", None)
    if not isinstance(omitted, list) or bare.preset is None:
        return draft
    names = [cell.slug for cell in expand_grid(bare.preset)]
    kept = [name for name in omitted if name in names]
    return bare if len(kept) in {0, len(names)} else draft.set_to("compress", "omit", kept)
