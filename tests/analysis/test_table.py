"""Tables of texts: what Markdown shows of names that others chose."""

import pytest

from medtui.analysis.table import Table, escape_markdown, table_markdown


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("<script>alert(1)</script>", r"\<script>alert(1)\</script>"),
        ("![x](http://a/b.png)", r"![x\](http://a/b.png)"),
        ("[a][b]", r"[a\][b]"),
        ("cost $x_{ in $", r"cost \$x\_{ in \$"),
        ("a|b", r"a\|b"),
        ("__bold__ *it* `code`", r"\_\_bold\_\_ \*it\* \`code\`"),
        ("two\nlines", "two lines"),
        ("95.8 % [94.1, 97.2]", "95.8 % [94.1, 97.2]"),
        ("class_of_one", "class_of_one"),
    ],
)
def test_names_are_no_markdown(name: str, written: str) -> None:
    """Each character that would be read as HTML, link, formula or emphasis has a backslash."""
    assert escape_markdown(name) == written


def test_a_table_keeps_its_columns() -> None:
    """A bar or a line break in a cell makes no further column or row."""
    text = table_markdown(Table("t", ("run", "value"), (("a|b\nc", "1"),)))
    assert text.splitlines()[2] == r"| a\|b c | 1 |"
