"""Deliberate defects of the product, one at a time, to prove that the checker would see them.

``MPM_DEFECT`` names one; settings outside of development refuse it. The product knows nothing of them: a defect is
a change of a module's text, made while Python loads that module (``installing``).

    python -m simulation.defects            run them all: each must be caught within five seeds
    python -m simulation --defect NAME      run one and see what the checker says
"""

from simulation.defects.catalogue import DEFECTS
from simulation.defects.defect import Defect, NoSuchDefect
from simulation.defects.installing import install

__all__ = ["DEFECTS", "Defect", "NoSuchDefect", "install"]
