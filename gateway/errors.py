"""What the gateway tells a caller when it cannot answer.

GatewayError             stable `code`; the message says what, where and the fix, and holds no personal value
├── Unauthenticated      UNAUTHENTICATED: no token, a forged or expired one, none of our issuers; `reason` says which
├── PurposeMissing       PURPOSE_MISSING: a token without a purpose of use
├── PurposeNotGranted    PURPOSE_NOT_GRANTED: a purpose that the token's issuer may not grant to this role
├── IssuerUnavailable    ISSUER_UNAVAILABLE: the issuer's keys cannot be had, so its tokens cannot be checked
├── ReplayUnknown        REPLAY_UNKNOWN: whether an assertion was used before cannot be told, so it is not taken
├── BadRequest           BAD_REQUEST: not a GraphQL-over-HTTP request
├── BadId                BAD_ID: not an id of this graph, or of another type
├── BadCursor            BAD_CURSOR: changed, or of another list
├── BadPageSize          BAD_PAGE_SIZE: outside 1..100
├── BadArgument          BAD_ARGUMENT: a value that the argument cannot hold
├── FilterTooBroad       FILTER_TOO_BROAD: nothing that a source could search by
├── LimitExceeded        LIMIT_EXCEEDED: depth, aliases, tokens, body size
└── AuditUnavailable     AUDIT_UNAVAILABLE: the access cannot be put on record, so nothing is answered
"""

from __future__ import annotations

from typing import ClassVar

from graphql import GraphQLError


class GatewayError(GraphQLError):
    """Base; safe to show as it is."""

    code: ClassVar[str] = "GATEWAY"
    status: ClassVar[int] = 200

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class Unauthenticated(GatewayError):
    """No token, a forged or expired one, or none of our issuers.

    `extensions.reason` is one of gateway.issuers.reasons.Reason, where a token was looked at.
    """

    code = "UNAUTHENTICATED"
    status = 401


class PurposeMissing(GatewayError):
    """A token without a purpose of use."""

    code = "PURPOSE_MISSING"
    status = 403


class PurposeNotGranted(GatewayError):
    """A purpose that the token's issuer may not grant to this role."""

    code = "PURPOSE_NOT_GRANTED"
    status = 403


class IssuerUnavailable(GatewayError):
    """The issuer's keys cannot be had, so its tokens cannot be checked."""

    code = "ISSUER_UNAVAILABLE"
    status = 503


class ReplayUnknown(GatewayError):
    """Whether an assertion was used before cannot be told, so it is not taken."""

    code = "REPLAY_UNKNOWN"
    status = 503


class BadRequest(GatewayError):
    """Not a GraphQL-over-HTTP request."""

    code = "BAD_REQUEST"
    status = 400


class BadId(GatewayError):
    """Not an id of this graph, or of another type."""

    code = "BAD_ID"


class BadCursor(GatewayError):
    """Changed, or of another list."""

    code = "BAD_CURSOR"


class BadPageSize(GatewayError):
    """Outside 1..100."""

    code = "BAD_PAGE_SIZE"


class BadArgument(GatewayError):
    """A value that the argument cannot hold."""

    code = "BAD_ARGUMENT"


class FilterTooBroad(GatewayError):
    """Nothing that a source could search by."""

    code = "FILTER_TOO_BROAD"


class LimitExceeded(GatewayError):
    """Depth, aliases, tokens or body size."""

    code = "LIMIT_EXCEEDED"
    status = 400


class AuditUnavailable(GatewayError):
    """The access cannot be put on record, so nothing is answered."""

    code = "AUDIT_UNAVAILABLE"
    status = 503
