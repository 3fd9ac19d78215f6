"""How good a classifier is, on labelled texts: one JSON object a line, one task at a time."""

from classifier.evaluation.page import write_report
from classifier.evaluation.rows import Broken, LabelledRows, Skipped, Why
from classifier.evaluation.scoring import TASKS, Evaluation, evaluate, read_rows, score
from classifier.evaluation.tables import tables

__all__ = [
    "TASKS",
    "Broken",
    "Evaluation",
    "LabelledRows",
    "Skipped",
    "Why",
    "evaluate",
    "read_rows",
    "score",
    "tables",
    "write_report",
]
