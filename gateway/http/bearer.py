"""The access token of a request, from the Authorization header and nowhere else (RFC 6750)."""

from __future__ import annotations

import re
from typing import Final

from gateway.errors import GatewayError, PurposeMissing, PurposeNotGranted, Unauthenticated
from gateway.http.exchange import Exchange

_LONGEST: Final = 8_192
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


class NoToken(Unauthenticated):
    """Nothing was sent, which a caller is told differently from a token that does not hold."""


def read_token(exchange: Exchange) -> str:
    """The token; raises Unauthenticated when there is none or it has another form."""
    return read_credentials(exchange.headers.get("authorization"))


def read_credentials(given: str | None) -> str:
    """The token in what an Authorization header holds; raises Unauthenticated."""
    if given is None:
        raise NoToken("The Authorization header is missing. Send 'Authorization: Bearer <access token>'.")
    match = _BEARER.fullmatch(given.strip()) if len(given) <= _LONGEST else None
    if match is None:
        raise Unauthenticated("The Authorization header holds no bearer token. Send 'Bearer <access token>', once.")
    return match.group(1)


def challenge(error: GatewayError) -> tuple[tuple[str, str], ...]:
    """The WWW-Authenticate header that belongs to an error, if any."""
    if isinstance(error, NoToken):
        return (("WWW-Authenticate", 'Bearer realm="yiti"'),)
    if isinstance(error, Unauthenticated):
        return (("WWW-Authenticate", 'Bearer realm="yiti", error="invalid_token"'),)
    if isinstance(error, PurposeMissing | PurposeNotGranted):
        return (("WWW-Authenticate", 'Bearer realm="yiti", error="insufficient_scope"'),)
    return ()
