"""Document: parsed, validated and limited once per text; kept. Errors repeat no literal and no variable."""

from gateway.execution.document.cost import Costs
from gateway.execution.document.documents import Document, Documents, choose
from gateway.execution.document.measure import Limits, measure
from gateway.execution.document.persisted import PersistedDocuments
from gateway.execution.document.refusals import (
    DocumentNotTrusted,
    OperationRefused,
    PersistedQueryMismatch,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    SyntaxRefused,
    ValidationRefused,
    VariablesRefused,
)
from gateway.execution.document.registry import RegistryError, read_registry, register
from gateway.execution.document.variables import Signature, check_variables

__all__ = [
    "Costs",
    "Document",
    "DocumentNotTrusted",
    "Documents",
    "Limits",
    "OperationRefused",
    "PersistedDocuments",
    "PersistedQueryMismatch",
    "PersistedQueryNotFound",
    "PersistedQueryNotSupported",
    "RegistryError",
    "Signature",
    "SyntaxRefused",
    "ValidationRefused",
    "VariablesRefused",
    "check_variables",
    "choose",
    "measure",
    "read_registry",
    "register",
]
