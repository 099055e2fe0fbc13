"""Looks whether this machine is fit for medtui; whatever is not has a cure. Knows no torch."""

from medtui.doctor.examination import examine
from medtui.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
