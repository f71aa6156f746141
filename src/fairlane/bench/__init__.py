"""The measurements of `fairlane bench`. Every figure in the docs comes from them."""

from .figures import Figure
from .run import SUBJECTS, run_subjects

__all__ = ["SUBJECTS", "Figure", "run_subjects"]
