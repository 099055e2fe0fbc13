"""Labels of one data set in the classes of a model that was trained on another."""

import numpy as np
import pytest

from medtui.datasets.class_mapping import NO_CLASS, SEVERAL_CLASSES, map_labels
from medtui.datasets.index import ImageIndex
from medtui.errors import UsageError


def index_of(classes, labels, task="single", mask=None):
    """Return an index of images with these labels."""
    labels = np.array(labels, np.int64 if task == "single" else np.uint8)
    names = [str(row) for row in range(len(labels))]
    return ImageIndex(tuple(classes), task, 1, 8, names, labels, None, names, mask=mask)


def test_classes_are_matched_by_name_in_the_models_order():
    """Case and blanks do not matter; a class that the model lacks is left out and counted."""
    index = index_of(["covid", "Normal", "lung  opacity"], [0, 1, 2, 0])
    found = map_labels(index, ["Normal", "Lung Opacity", "Tumour"], "single", {})
    assert found.index.labels.tolist() == [0, 1]
    assert found.index.names == ["1", "2"]
    assert found.rows.tolist() == [1, 2]
    assert found.index.classes == ("Normal", "Lung Opacity", "Tumour")
    assert found.absent == ["Tumour"]
    assert found.left_out == {"covid": 2}


def test_a_map_unites_and_leaves_out():
    """Several classes can become one; an empty name leaves a class out."""
    index = index_of(["bacterial", "viral", "normal"], [0, 1, 2])
    given = {"bacterial": "pneumonia", "viral": "pneumonia", "normal": ""}
    found = map_labels(index, ["normal", "pneumonia"], "single", given)
    assert found.index.labels.tolist() == [1, 1]
    assert found.absent == ["normal"]
    assert found.left_out == {"normal": 1}


def test_a_multi_label_set_answers_a_single_label_model_where_one_class_is_left():
    """Findings that the model does not know do not matter; several that it knows do."""
    classes = ["Pneumonia", "Effusion", "No Finding"]
    labels = [[1, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 1]]
    given = {"No Finding": "normal"}
    found = map_labels(index_of(classes, labels, "multi"), ["normal", "pneumonia"], "single", given)
    assert found.index.labels.tolist() == [1, 0]
    assert found.rows.tolist() == [0, 1]
    assert found.left_out == {NO_CLASS: 1, SEVERAL_CLASSES: 1}


def test_labels_that_a_site_lacks_are_unknown_to_a_multi_label_model():
    """They are masked, and not counted as negative."""
    mask = np.array([[True, True], [True, False]])
    index = index_of(["Mass", "Oedema"], [[1, 0], [0, 0]], "multi", mask)
    found = map_labels(index, ["Edema", "Mass", "Nodule"], "multi", {"Oedema": "Edema"})
    assert found.index.labels.tolist() == [[0, 1, 0], [0, 0, 0]]
    assert found.index.mask.tolist() == [[True, True, False], [False, True, False]]
    assert found.absent == ["Nodule"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "No class of the data set is one of the model's"),
        ({"malria": "Parasitized"}, "no class of the data set.*malaria"),
        ({"malaria": "Parasitised"}, "no class of the model.*Parasitized"),
    ],
)
def test_wrong_maps_are_refused(given, words):
    """With the names that are known on the side where the name is wrong."""
    with pytest.raises(UsageError, match=words):
        map_labels(
            index_of(["healthy", "malaria"], [0, 1]), ["Uninfected", "Parasitized"], "single", given
        )
