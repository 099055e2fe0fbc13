"""Fields of a preset's table: name, value, and its description or error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from medtui.charts.palette import Colours
from medtui.preset.toml import Problem
from medtui.tui.editor.choice_input import ChoiceInput, ChoiceList
from medtui.tui.editor.document import (
    PresetDocument,
    is_about,
    read_typed,
    show_typed,
    takes_array,
)
from medtui.tui.editor.labels import (
    choices_of,
    heading_of,
    label_of,
    meaning_of,
    with_labels,
)
from medtui.tui.editor.meaning import ChangingText, Meaning, whole_parts
from medtui.tui.widgets.panel import Panel

_SHORT = 20
"""Cells of a value for which a field of the usual width has room."""

_SEPARATOR = ", "
"""Between the values of a field."""

_MISSING = " is missing"
"""Ends the problem of a key that has no value and needs one."""


class FormField(Horizontal):
    """One key of the preset, one line."""

    DEFAULT_CSS = """
    FormField {
        height: 1;
        & .name { width: 19; color: $text-muted; text-overflow: ellipsis; text-wrap: nowrap; }
        & Input { width: 22; height: 1; background: $panel; margin-right: 1; }
        & Input:focus { background: $primary 30%; }
        & .meaning { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        &.long {
            & Input { width: 1fr; margin-right: 0; }
            & .meaning { display: none; }
            &:focus-within, &.wrong {
                layout: grid;
                grid-size: 2;
                grid-columns: 19 1fr;
                grid-rows: auto;
                & .meaning { display: block; width: 100%; column-span: 2; padding: 0 0 0 2; }
            }
        }
        &:focus-within, &.wrong { height: auto; & .meaning { text-wrap: wrap; } }
        &:focus-within .name { color: $text; text-style: bold; background: $primary 30%; }
        &.unused Input { color: $text-muted; }
        &.wrong Input, &.wrong ChoiceInput { background: $error 30%; }
    }
    """

    @dataclass
    class Changed(Message):
        """The value was changed by typing."""

        section: str
        name: str
        value: object
        """As a TOML value; None removes the key."""

    def __init__(self, section: str, name: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(id=_id_of(section or "preset", name))
        self.section, self.key = section, name
        self._words = choices_of(section, name)
        """All values that it may have; empty where it takes anything."""
        self._suggestions = tuple(suggestions)
        self._meaning = meaning_of(section, name, self._words or self._suggestions)
        self._is_array = takes_array(section, name)
        self._shown: tuple[PresetDocument, Colours, Sequence[Problem]] | None = None

    def compose(self) -> ComposeResult:
        yield Static(label_of(self.key), classes="name")
        if self._words:
            yield ChoiceInput(self._words)
        else:
            suggester = SuggestFromList(self._suggestions) if self._suggestions else None
            yield Input(compact=True, suggester=suggester)
        yield Meaning(classes="meaning")

    def show(
        self, document: PresetDocument, colours: Colours, found: Sequence[Problem] = ()
    ) -> None:
        """Show value and message; text that is being typed is kept."""
        self.display = document.has(self.section)
        value = document.value(self.section, self.key)
        field = self.field
        self.set_class(self.key == "note" or len(show_typed(value)) > _SHORT, "long")
        if isinstance(field, ChoiceInput):
            field.value = show_typed(value)
        elif not field.has_focus and value != self._read(field.value):
            with field.prevent(Input.Changed):
                field.value = show_typed(value)
        if isinstance(field, Input):  # in a narrow terminal its meaning is not beside it
            room = field.content_size.width if self.screen.has_class("-narrow") else 0
            field.placeholder = whole_parts(self._meaning, room)
        self._shown = (document, colours, found)
        problem = document.problem_of(self.section, self.key, found)
        self.set_class(bool(problem), "wrong")
        message = Text(self._message_of(problem), colours.warning if problem else colours.muted)
        self.query_one(".meaning", ChangingText).show(message)

    def _message_of(self, problem: str) -> str:
        """Return what is wrong; without a problem, and of what is missing also, the meaning."""
        said = with_labels(problem, self.section).replace("`", "")
        if said.endswith(_MISSING):
            said += f". {self._meaning}"
        return said or self._meaning

    def explain(self, meaning: str, suggestions: Sequence[str]) -> None:
        """Replace the key's meaning and suggestions by what this machine has."""
        self._meaning, self._suggestions = meaning, tuple(suggestions)
        self.query_one(Input).suggester = SuggestFromList(suggestions)

    def set_use(self, meaning: str, *, is_used: bool) -> None:
        """Show what the value means for the present data set, and whether it counts there."""
        if (meaning, is_used) == (self._meaning, not self.has_class("unused")):
            return
        self._meaning = meaning
        self.set_class(not is_used, "unused")
        name = label_of(self.key)
        self.query_one(".name", Static).update(name if is_used else f"{name} (unused)")
        if self._shown is not None:
            self.show(*self._shown)

    def help_text(self) -> tuple[str, str]:
        """Return name and meaning, as Help shows them before the keys."""
        name = f"{self.section}.{self.key}" if self.section else self.key
        return name, self._meaning.replace("`", "")

    @property
    def field(self) -> Input | ChoiceInput:
        """Where the value is typed, or chosen."""
        return self.query_one(ChoiceInput) if self._words else self.query_one(Input)

    def on_choice_input_changed(self, event: ChoiceInput.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self.section, self.key, self._read(event.value)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """List the suggestions of a field that is empty or holds one of them; else go on."""
        typed = event.value.strip()
        if self._suggestions and (not typed or typed in self._suggestions):
            event.stop()
            self.app.push_screen(ChoiceList(self._suggestions, typed), self._take_listed)

    def _take_listed(self, value: str | None) -> None:
        if value is not None:
            self.query_one(Input).value = value

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self.section, self.key, self._read(event.value)))

    def begin_value(self) -> None:
        """Focus a field of several values, with the cursor where one more is typed."""
        field, known = self.query_one(Input), self._typed
        field.select_on_focus = False  # the first key would replace all values
        with field.prevent(Input.Changed):
            field.value = f"{known}{_SEPARATOR}" if known else ""
        field.cursor_position = len(field.value)
        field.focus()
        field.scroll_visible(animate=False)

    @property
    def _typed(self) -> str:
        """The values in the field, without a separator behind them."""
        return self.query_one(Input).value.strip().rstrip(_SEPARATOR)

    def on_descendant_blur(self) -> None:
        """Show the default of an emptied field when it loses focus."""
        if isinstance(field := self.field, Input):
            field.select_on_focus = True
            if self._is_array:
                with field.prevent(Input.Changed):
                    field.value = self._typed
        if self._shown is not None:
            self.call_after_refresh(self.show, *self._shown)

    def _read(self, text: str) -> object:
        return read_typed(text, is_array=self._is_array)


class Form(Panel, VerticalScroll, can_focus=False):
    """Fields below each other."""

    DEFAULT_CSS = """
    Form {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        & .heading { margin-top: 1; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
        & .note { display: none; }
    }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[tuple[str, str]],
        *,
        tables: Mapping[str, Sequence[str]] | None = None,
        suggestions: dict[str, Sequence[str]] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`fields` come first; then whole `tables`, each with its keys under a heading."""
        super().__init__(id=id)
        self.border_title = title
        self._fields = tuple(fields)
        self._tables = tables or {}
        self._suggestions = suggestions or {}

    def compose(self) -> ComposeResult:
        for section, name in self._fields:
            yield FormField(section, name, self._suggestions.get(name, ()))
        for section, names in self._tables.items():
            yield Meaning(id=_id_of(section, "heading"), classes="heading", markup=False)
            yield ChangingText(id=_id_of(section, "note"), classes="note")
            for name in names:
                yield FormField(section, name, self._suggestions.get(name, ()))

    def show(
        self, document: PresetDocument, colours: Colours, found: Sequence[Problem] = ()
    ) -> None:
        """Show all fields; `found` are errors from checking the document on this machine."""
        for field in self.query(FormField):
            field.show(document, colours, found)
        for section in self._tables:
            heading = self.query_one(f"#{_id_of(section, 'heading')}", Meaning)
            heading.show(Text(heading_of(section)))

    def show_note(self, section: str, text: Text) -> None:
        """Show a text below a table's heading."""
        line = self.query_one(f"#{_id_of(section, 'note')}", ChangingText)
        line.display = bool(text)
        line.show(text)

    def focus_problem(self, problems: Sequence[Problem]) -> bool:
        """Focus the first field that a problem is about; return whether there is one."""
        for problem in problems:
            for field in self.query(FormField):
                if field.display and is_about(problem, field.section, field.key):
                    field.field.focus()
                    return True
        return False

    def field(self, section: str, name: str) -> FormField:
        """Return the field of a key."""
        return self.query_one(f"#{_id_of(section, name)}", FormField)

    def focus_field(self, section: str, name: str) -> None:
        """Focus the field of a key."""
        self.field(section, name).field.focus()

    def go_to(self, section: str, name: str) -> None:
        """Focus a field, with as much of its table in view as fits."""
        self.query_one(f"#{_id_of(section, name)}", FormField).field.focus(scroll_visible=False)
        self.query_one(f"#{_id_of(section, 'heading')}").scroll_visible(top=True, animate=False)


def _id_of(section: str, name: str) -> str:
    return f"{section}-{name}".replace(".", "-")
