"""The assessment: which way of training gives which error, with how much certainty."""

from dmn_fe.assessment.execution import check_files, execute
from dmn_fe.assessment.plan import Comparison, Plan, Subject, Variant
from dmn_fe.assessment.report import write_report

__all__ = [
    "Comparison",
    "Plan",
    "Subject",
    "Variant",
    "check_files",
    "execute",
    "write_report",
]
