"""How far the results of a simulation with networks are from those of full FE²."""

from dmn_fe.validation.audit import audit
from dmn_fe.validation.audit_result import Audit, AuditedPoint
from dmn_fe.validation.recorded_paths import RecordedPaths, read_recorded_paths

__all__ = ["Audit", "AuditedPoint", "RecordedPaths", "audit", "read_recorded_paths"]
