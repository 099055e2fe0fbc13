"""Checks whether medtui can run on this machine; each problem has a remedy. Imports no torch."""

from medtui.doctor.examination import examine
from medtui.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
