"""Model of a card's `[table]` section: how a CSV table names images, labels and patients."""

from itertools import pairwise

from pydantic import Field, field_validator, model_validator

from medtui.datasets.card_fields import FileName
from medtui.datasets.formats import RowRule, Uncertain
from medtui.preset.document import Many
from medtui.preset.toml import Document


class Subgroup(Document):
    """A column by which results are reported separately: sex, age, view. Not a model input."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_ -]{0,39}$")
    """Name in results."""
    column: str = Field(min_length=1)
    """Column of the table; a missing column is reported in a note and skipped."""
    bins: Many[float] = ()
    """Ascending edges of numeric bins (ages may be `060Y`); empty uses the cells as values."""

    @field_validator("bins")
    @classmethod
    def _edges_ascend(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(high <= low for low, high in pairwise(value)):
            raise ValueError(f"{list(value)} must ascend")
        return value


class TableFiles(Document):
    """How a CSV table names images, labels and patients."""

    file: Many[FileName] = ()
    """File names of the table; the first that exists in the root, or beside it, is read."""
    files: Many[FileName] = ()
    """Tables that are all read, in place of `file`: `train/_classes.csv`, `test/_classes.csv`.
    Names mean images in a table's own folder first; a table or folder named like a split is one."""
    header: bool = True
    """Whether the first row names the columns; without, columns are named by number: `"1"`."""
    delimiter: str = Field(default="", max_length=1)
    """What divides the cells; empty finds it: tab, semicolon, comma, `|` or blank."""
    encoding: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$", max_length=32)
    """Encoding by its Python name, like `gb18030`; empty takes the byte order mark's, UTF-8 or
    Windows-1252."""
    join: Many[FileName] = ()
    """Tables beside it whose columns are added, where labels are by study and the names of images
    are elsewhere."""
    on: Many[str] = ()
    """Columns by which tables are joined; empty takes all that both have."""
    name_column: str = Field(min_length=1)
    """Column of the image's file name."""
    label_column: str = ""
    """Column of labels joined by `separator`; empty where each class has a 0/1 column."""
    separator: str = Field(default="|", min_length=1, max_length=8)
    """Separator between joined labels."""
    none_label: str = ""
    """Label for "none of the classes"; it is a class of its own where `classes` lists it."""
    uncertain: Uncertain | None = None
    """How -1, nan, NA and U in a 0/1 column are read; "ignore" leaves that label alone out of loss
    and metrics. Without the key, such rows are left out. A blank is negative."""
    rows: RowRule | None = None
    """Which of an image's rows count: a label that any row has, the first row, or the labels of
    more than half of the raters. Without the key: any in multi-label tasks, otherwise the first."""
    rater_column: str = ""
    """Column of who read the image, for rows = "majority"; without, each row is a rater."""
    patient_column: str = ""
    """Column of the patient, or of another unit that must stay in one split, like a lesion.
    Empty uses the card's `patient` pattern, if any."""
    split_column: str = ""
    """Column of the official split: train, val or test in their usual spellings."""
    subgroups: Many[Subgroup] = ()
    """Columns by which results are reported separately."""

    @model_validator(mode="after")
    def _one_list_of_files(self) -> "TableFiles":
        if bool(self.file) == bool(self.files):
            raise ValueError("either file or files must name the table")
        return self

    @property
    def all_files(self) -> tuple[str, ...]:
        """Return the names of all tables."""
        return (*self.file, *self.files, *self.join)
