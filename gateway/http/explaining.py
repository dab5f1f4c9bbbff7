"""POST /policy/explain: why a viewer sees a field of a person or not, for those who may read the access log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import orjson

from gateway.errors import BadRequest
from gateway.federation.binding import Sent
from gateway.http.bearer import read_token
from gateway.http.exchange import Exchange, Reply, json_reply
from gateway.http.negotiate import JSON
from gateway.http.refusals import UnsupportedMediaType
from gateway.policy.explain import Explanation
from gateway.policy.live import Asked, asked_from
from gateway.policy.report import explanation_json, explanation_text
from gateway.viewer import Viewer

_BODY_BYTES: Final = 20_000
Explain = Callable[[Asked, Viewer, str], Awaitable[list[Explanation]]]


class Admits(Protocol):
    """Who a token stands for, one request counted; see gateway/http/operations.py."""

    async def admit(self, token: str, sent: Sent) -> Viewer:
        """The viewer; raises GatewayError."""
        ...


class ExplainingEndpoint:
    """Answers {"explanations": [...], "text": "..."}; on record before it answers, also when it refuses."""

    def __init__(self, explain: Explain, callers: Admits) -> None:
        self._explain = explain
        self._callers = callers

    async def __call__(self, exchange: Exchange) -> Reply:
        """One question."""
        caller = await self._callers.admit(read_token(exchange), exchange.sent(_BODY_BYTES))
        if exchange.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise UnsupportedMediaType(f"The Content-Type is missing or not read here. Send '{JSON}'.")
        try:
            body = orjson.loads(await exchange.body(_BODY_BYTES))
        except orjson.JSONDecodeError:
            raise BadRequest("The request body is not JSON. Send 'viewer', 'person' and 'fields'.") from None
        found = await self._explain(asked_from(body), caller, exchange.request_id)
        text = "\n\n".join("\n".join(explanation_text(one)) for one in found)
        return json_reply({"explanations": [explanation_json(one) for one in found], "text": text})
