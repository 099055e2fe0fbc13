"""Tables of runs on other data sets say what their intervals are over."""

from medtui.analysis.site_tables import site_tables
from medtui.analysis.sites import SiteColumn, SiteMatrix
from medtui.metrics import primary_metric


def test_intervals_are_over_images_where_patients_are_unknown() -> None:
    """A data set that names no patients stands beside one that does."""
    columns = (SiteColumn("home", "", 4_199, 29), SiteColumn("elsewhere", "c0ffee", 5_030, 0))
    values = site_tables(SiteMatrix(primary_metric("single"), (), columns, ()))[0]
    assert "over patients, on data sets that name none over images" in values.note
    assert "4,199 images of 29 patients" in values.note
