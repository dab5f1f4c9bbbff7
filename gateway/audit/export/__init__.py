"""Taking entries out of the access log, always on record: CSV, JSON lines, FHIR AuditEvent, a sealed SQLite file."""

from gateway.audit.export.format import Format, Request
from gateway.audit.export.manifest import Manifest, Unsealed, check_file
from gateway.audit.export.writing import export

__all__ = ["Format", "Manifest", "Request", "Unsealed", "check_file", "export"]
