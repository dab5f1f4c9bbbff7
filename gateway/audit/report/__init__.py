"""What deserves a second look in the access log: plain rules, each explained, each with the entries behind it."""

from gateway.audit.report.finding import Behind, Finding, Judged, Limits, Report, Text
from gateway.audit.report.gathering import report
from gateway.audit.report.kinship import Kinship, Person, Staff

__all__ = ["Behind", "Finding", "Judged", "Kinship", "Limits", "Person", "Report", "Staff", "Text", "report"]
