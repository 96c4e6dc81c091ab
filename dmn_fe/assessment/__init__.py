"""The assessment: which way of training gives which error, with how much certainty."""

from dmn_fe.assessment.execution import check_files, execute
from dmn_fe.assessment.plan import Comparison, Plan, Variant
from dmn_fe.assessment.report import write_report
from dmn_fe.assessment.subject import Subject

__all__ = [
    "Comparison",
    "Plan",
    "Subject",
    "Variant",
    "check_files",
    "execute",
    "write_report",
]
