"""Images, labels and patients: cards, formats, splits, decoding and the cache. Knows no torch."""

from medtui.datasets.card import Augment, Card, Task, load_card
from medtui.datasets.dataset import Dataset, Part, open_dataset, save_split
from medtui.datasets.progress import Progress
from medtui.datasets.survey import PartSurvey, Survey, survey_dataset

__all__ = [
    "Augment",
    "Card",
    "Dataset",
    "Part",
    "PartSurvey",
    "Progress",
    "Survey",
    "Task",
    "load_card",
    "open_dataset",
    "save_split",
    "survey_dataset",
]
