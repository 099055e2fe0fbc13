"""The choices of the card's form: what each field shows, and what a new choice changes."""

from msgspec.structs import replace

from medtui.protocol.suggestion import NONE, Choices, Suggestion

ORDER, POSITIVE, ACCEPT = "order", "positive", "accept"
"""Fields that no question of the analysis is about."""

_WITHOUT = frozenset({"patient", "split"})
"""Questions that may be answered by "none"."""

Field = tuple[list[str], str, bool]
"""Values of a field, the chosen one, and whether the choice is open."""


def fields_of(suggestion: Suggestion, choices: Choices) -> dict[str, Field]:
    """Return the field of each question, and those of the classes."""
    fields: dict[str, Field] = {}
    for question in suggestion.questions:
        values = [candidate.value for candidate in question.candidates]
        if values and question.key in _WITHOUT:
            values.append(NONE)
        fields[question.key] = (values, question.chosen, question.is_open)
    if suggestion.classes:
        orders = _orders(suggestion.classes, choices)
        fields[ORDER] = (orders, ", ".join(suggestion.classes), False)
    if suggestion.positive:
        fields[POSITIVE] = (sorted(suggestion.classes), suggestion.positive, False)
    accepted = ", ".join(choices.accept)
    named = list(filter(None, [accepted, ", ".join([*choices.accept, *suggestion.errors])]))
    if named:
        fields[ACCEPT] = (list(dict.fromkeys([NONE, *named])), accepted or NONE, False)
    return fields


def _orders(classes: list[str], choices: Choices) -> list[str]:
    """Return the suggested order, the order of names, and its reverse."""
    known = [classes, sorted(classes), sorted(classes, reverse=True)]
    if choices.classes:
        known.append(choices.classes)
    return list(dict.fromkeys(", ".join(each) for each in known))


def choose(choices: Choices, suggestion: Suggestion, key: str, value: str) -> Choices:
    """Return the choices with one changed; those that depend on it are open again."""
    match key:
        case "table":
            return Choices(table=value.split(" + "))
        case "image":
            return replace(choices, image=value)
        case "label":
            return replace(choices, label=[value], classes=[], positive="")
        case "level":
            return replace(choices, level=value, classes=[], positive="")
        case "patient":
            return replace(choices, patient=value)
        case "split":
            return replace(choices, split=value)
        case "positive":
            return replace(choices, positive=value)
        case "accept":
            return replace(choices, accept=[] if value == NONE else value.split(", "))
        case "order":
            return replace(choices, classes=_classes_in(suggestion.classes, value))
        case _:
            raise AssertionError(key)


def _classes_in(classes: list[str], order: str) -> list[str]:
    """Return the classes in the order in which a text names them; names may hold commas."""
    for each in (classes, sorted(classes), sorted(classes, reverse=True)):
        if ", ".join(each) == order:
            return list(each)
    return classes
