"""What the HTTP layer itself refuses, beside the errors of gateway/errors.py.

GatewayError
├── NotFound              NOT_FOUND: no such path
├── MethodNotAllowed      METHOD_NOT_ALLOWED: this path takes other methods; a mutation came by GET
├── NotAcceptable         NOT_ACCEPTABLE: the caller reads none of the forms that we write
├── UnsupportedMediaType  UNSUPPORTED_MEDIA_TYPE: a body in a form that we do not read
├── BodyTooLarge          LIMIT_EXCEEDED: more bytes than the limit
├── Throttled             THROTTLED: this subject asks too often
└── Internal              INTERNAL: our own fault; the request id finds it in the log
"""

from __future__ import annotations

from gateway.errors import GatewayError


class NotFound(GatewayError):
    """No such path."""

    code = "NOT_FOUND"
    status = 404


class MethodNotAllowed(GatewayError):
    """This path takes other methods, or a mutation came by GET."""

    code = "METHOD_NOT_ALLOWED"
    status = 405

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptable(GatewayError):
    """The caller reads none of the forms that we write."""

    code = "NOT_ACCEPTABLE"
    status = 406


class UnsupportedMediaType(GatewayError):
    """A body in a form that we do not read."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class BodyTooLarge(GatewayError):
    """More bytes than the limit."""

    code = "LIMIT_EXCEEDED"
    status = 413


class Throttled(GatewayError):
    """This subject asks too often."""

    code = "THROTTLED"
    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"You ask too often. Ask again in {seconds} s, and for many at once by a list.")
        self.seconds = seconds


class Internal(GatewayError):
    """Our own fault; the request id finds it in the log."""

    code = "INTERNAL"
    status = 500
