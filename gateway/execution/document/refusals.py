"""Why a document is not run.

GatewayError
├── SyntaxRefused               GRAPHQL_PARSE_FAILED: not a GraphQL document
├── ValidationRefused           GRAPHQL_VALIDATION_FAILED: does not fit the schema
├── OperationRefused            OPERATION_RESOLUTION_FAILED: no such operation, or none named of several
├── VariablesRefused            BAD_VARIABLES: variables that their types cannot take
├── DocumentNotTrusted          DOCUMENT_NOT_TRUSTED: not among the registered documents, which alone run here
├── PersistedQueryNotFound      PERSISTED_QUERY_NOT_FOUND: only a hash was sent, and it is not known here (yet)
├── PersistedQueryMismatch      PERSISTED_QUERY_MISMATCH: the hash is not the document's
└── PersistedQueryNotSupported  PERSISTED_QUERY_NOT_SUPPORTED: documents are not remembered here
"""

from __future__ import annotations

from gateway.errors import GatewayError


class SyntaxRefused(GatewayError):
    """Not a GraphQL document."""

    code = "GRAPHQL_PARSE_FAILED"
    status = 400


class ValidationRefused(GatewayError):
    """A document that does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"
    status = 400


class OperationRefused(GatewayError):
    """No such operation in the document, or none named where there are several."""

    code = "OPERATION_RESOLUTION_FAILED"
    status = 400


class VariablesRefused(GatewayError):
    """Variables that their types cannot take."""

    code = "BAD_VARIABLES"
    status = 400


class DocumentNotTrusted(GatewayError):
    """Not among the registered documents, which alone run here."""

    code = "DOCUMENT_NOT_TRUSTED"
    status = 403


class PersistedQueryNotFound(GatewayError):
    """Only a hash was sent, and it is not known here (yet)."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    status = 400

    def __init__(self) -> None:
        # Clients of the protocol look for exactly this text, and then send the document along.
        super().__init__("PersistedQueryNotFound")


class PersistedQueryMismatch(GatewayError):
    """The hash is not the document's."""

    code = "PERSISTED_QUERY_MISMATCH"
    status = 400


class PersistedQueryNotSupported(GatewayError):
    """Documents are not remembered here."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = 400

    def __init__(self) -> None:
        # Exactly this text makes clients of the protocol stop trying.
        super().__init__("PersistedQueryNotSupported")
