"""The screen of other data sets: what it reads, and the keys that open it."""

import numpy as np
import torch
from textual.widgets import Input

from medtui.engine.external.evaluation import Evaluation
from medtui.metrics import metric_named
from medtui.preset.external import ExternalSite
from medtui.tui.sites.content import NOTHING, metric_after, read_content
from medtui.tui.sites.dialog import SiteDialog
from medtui.tui.sites.screen import SitesScreen
from tests.helpers.site_study import draw_films, write_film_study, write_single_part
from tests.helpers.tui_pilot import opened, screen_text, until


def test_the_screen_shows_each_run_at_home_and_elsewhere(tmp_path):
    """Without results it says how to get some; with them it has two tables and the warnings."""
    study, _ = write_film_study(tmp_path)
    runs_dir = study.path.parent
    empty = read_content(runs_dir, ["films"], None)
    assert (empty.tables, empty.sentences) == ((), (NOTHING,))
    assert [run.name for run in empty.runs] == ["reference", "control", "prune-0.5"]
    new = draw_films(np.random.default_rng(3), 60, "train")
    card = write_single_part(tmp_path, "clinic", new)
    site = ExternalSite(name="clinic", card=str(card), split="test")
    list(Evaluation(site, torch.device("cpu")).run_all(empty.runs))
    found = read_content(runs_dir, ["films"], None)
    assert [each.title for each in found.tables] == [
        "AUROC on other data sets",
        "Change of AUROC from the control on the same images",
    ]
    assert [row[0] for row in found.tables[0].rows] == ["reference", "control", "Prune 0.5"]
    assert any("20 of its patients" in each for each in found.sentences)
    other = read_content(runs_dir, ["films"], metric_named("accuracy"))
    assert other.tables[0].title == "Accuracy on other data sets"


def test_metrics_follow_each_other():
    """The last is followed by the first; metrics without paired changes are left out."""
    first = metric = metric_named("auroc")
    names = []
    while not names or metric != first:
        metric = metric_after(metric)
        names.append(metric.name)
    assert "accuracy" in names
    assert "calibration_error" not in names


async def test_the_dialog_says_why_a_card_cannot_be_used(tmp_path):
    """E on the screen asks for a data set; a wrong card is refused where it was typed."""
    study, _ = write_film_study(tmp_path, names=("reference",))
    async with opened(study.path.parent) as pilot:
        await pilot.app.push_screen(SitesScreen(study.path.parent, ("films",)))
        await until(pilot, lambda: "have not been evaluated" in screen_text(pilot))
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, SiteDialog))
        pilot.app.screen.query_one("#site-card", Input).value = "nowhere"
        await pilot.press("enter")
        await until(pilot, lambda: "no such card file" in screen_text(pilot))


async def test_the_screen_names_what_a_reader_needs(tmp_path):
    """At 80 columns: split, size and interval of each data set, its gaps, and the runs without."""
    study, _ = write_film_study(tmp_path)
    new = draw_films(np.random.default_rng(3), 60, "elsewhere")
    card = write_single_part(tmp_path, "clinic", new)
    card.write_text(card.read_text().replace('"Mass"', '"Nodule"'))
    site = ExternalSite(name="clinic", card=str(card), split="test")
    list(Evaluation(site, torch.device("cpu")).run_all([study.reference, study.run("control")]))
    study.run("prune-0.25").path.mkdir()
    study.run("prune-0.25").preset.write_text(study.preset.read_text())
    async with opened(study.path.parent, size=(80, 50)) as pilot:
        await pilot.app.push_screen(SitesScreen(study.path.parent, ("films",)))
        for words in (
            "home: test split, 60 images of 20 patients; clinic: test split, 60 images of 20",
            "clinic: it has no class Mass",
            "clinic: no 95 % interval: 29 patients are needed, there are 20",
            "clinic: 2 of 3 runs have been evaluated on it",
            "not finished, so not evaluated: films/prune-0.25",
            "E Evaluate m Metric y Copy b Back",
        ):
            await until(pilot, lambda: words in words_on(pilot))  # noqa: B023 - called at once


def words_on(pilot):
    """Return the words on the screen, in lines that are joined."""
    return " ".join(screen_text(pilot).replace("│", " ").split())


async def test_the_dialog_evaluates_another_model_too(tmp_path, monkeypatch):
    """What the fields name is what the process is asked for; runs without the model are named."""
    study, _ = write_film_study(tmp_path, names=("reference", "prune-0.5"))
    run = study.run("prune-0.5")
    run.shrunk_manifest.write_text("{}")
    asked = []
    monkeypatch.setattr(
        "medtui.tui.sites.dialog.EvaluationProcess",
        lambda runs, site, **more: asked.append((runs, site, more)) or FinishedProcess(),
    )
    async with opened(study.path.parent) as pilot:
        dialog = SiteDialog(study.runs())
        await pilot.app.push_screen(dialog)
        for name, value in (("card", "demo"), ("split", "test"), ("model", "shrunk")):
            dialog.query_one(f"#site-{name}", Input).value = value
        await pilot.press("enter")
        await until(pilot, lambda: "left out, without a shrunk model" in screen_text(pilot))
    ((runs, site, more),) = asked
    assert [each.name for each in runs] == ["reference", "prune-0.5"]
    assert (site.split, more) == ("test", {"others": [run], "model": "shrunk"})


class FinishedProcess:
    """A process that has nothing to report."""

    def follow(self, report):
        """Return at once."""

    def stop(self):
        """Do nothing."""
