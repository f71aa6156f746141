"""Measurements of this machine, as `fairlane bench` runs them. Every figure in the docs comes from here."""

from .figures import Figure
from .run import SUBJECTS, run_subjects

__all__ = ["SUBJECTS", "Figure", "run_subjects"]
