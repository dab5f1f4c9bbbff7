"""What other gateways find here: our public keys, and the list of whom this province holds records of."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson

from gateway.audit.record import AccessRecord, AuditLog
from gateway.errors import BadRequest, GatewayError
from gateway.federation.binding import Sent
from gateway.federation.locator import LARGEST_PAGE, Locator
from gateway.http.application import Endpoint
from gateway.http.bearer import read_token
from gateway.http.exchange import Exchange, Reply, json_reply
from gateway.http.negotiate import JSON
from gateway.http.refusals import UnsupportedMediaType

_BODY_BYTES: Final = 2_000
_OPERATION: Final = "locator"


class Peers(Protocol):
    """Which gateway a service token stands for; see gateway/tokens.py."""

    async def identify_service(self, token: str, sent: Sent) -> str:
        """The peer's name, for the request `sent`; raises Unauthenticated or ReplayUnknown."""
        ...


def public_keys(jwks: Mapping[str, object]) -> Endpoint:
    """GET /.well-known/jwks.json."""
    reply = json_reply(jwks)

    async def answer(_: Exchange) -> Reply:
        return reply

    return answer


class LocatorEndpoint:
    """POST /federation/locator with {"after", "size"}, both optional; answers {"tokens", "after"}.

    For peers only, and on record before it answers.
    """

    def __init__(self, locator: Locator, peers: Peers, audit: AuditLog, *, jurisdiction: str) -> None:
        self._locator = locator
        self._peers = peers
        self._audit = audit
        self._jurisdiction = jurisdiction

    async def __call__(self, exchange: Exchange) -> Reply:
        """One page of pseudonyms."""
        started = time.perf_counter()
        peer = await self._peers.identify_service(read_token(exchange), exchange.sent(_BODY_BYTES))
        try:
            after, size = await _page(exchange)
            tokens, onward = self._locator.page(after, size)
        except GatewayError:
            await self._note(exchange, peer, "REFUSED", started)
            raise
        await self._note(exchange, peer, "OK", started)
        return json_reply({"tokens": tokens, "after": onward})

    async def _note(self, exchange: Exchange, peer: str, outcome: str, started: float) -> None:
        await self._audit.append(
            AccessRecord(
                at=datetime.now(UTC),
                request_id=exchange.request_id,
                subject=peer,
                agency=peer,
                agency_name=peer,
                roles=(),
                purpose="LOCATE",
                case_number=None,
                via=(),
                key_id=peer,
                operation=_OPERATION,
                operation_hash=hashlib.sha256(_OPERATION.encode()).hexdigest(),
                persons=(),
                fields=(),
                sources=(),
                outcome=outcome,
                policy_version="",
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                jurisdiction=self._jurisdiction,
            )
        )


async def _page(exchange: Exchange) -> tuple[str | None, int]:
    if exchange.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaType(f"The Content-Type is missing or not read here. Send '{JSON}'.")
    try:
        body = orjson.loads(await exchange.body(_BODY_BYTES) or b"{}")
    except orjson.JSONDecodeError:
        raise BadRequest("The request body is not JSON. Send an object with 'after', null at first.") from None
    after, size = (body.get("after"), body.get("size", LARGEST_PAGE)) if isinstance(body, dict) else (0, 0)
    if not isinstance(after, str | None) or not isinstance(size, int) or isinstance(size, bool):
        raise BadRequest("The request body must be an object: 'after' a string or null, 'size' a number. Correct it.")
    return after, size
