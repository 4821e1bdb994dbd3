"""Calibration: what masking costs in search quality on a corpus, and how much noise a budget buys."""

from vecguard.calibration.blur import BlurCalibration, calibrate_blur
from vecguard.calibration.corpora import grades_of, splits, task_of
from vecguard.calibration.result import Calibration, Trial
from vecguard.calibration.search import calibrate
from vecguard.calibration.utility import Grades, Task

__all__ = [
    "BlurCalibration",
    "Calibration",
    "Grades",
    "Task",
    "Trial",
    "calibrate",
    "calibrate_blur",
    "grades_of",
    "splits",
    "task_of",
]
