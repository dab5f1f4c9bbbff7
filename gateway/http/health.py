"""Whether the gateway lives, and whether it can answer; neither touches a personal record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from adapters.contract import Health
from gateway.http.exchange import Exchange, Reply, json_reply

_KEEP_SECONDS: Final = 5.0  # so that asking often costs the sources nothing


async def alive(_: Exchange) -> Reply:
    """GET /healthz: the process answers."""
    return json_reply({"status": "alive"})


class Readiness:
    """GET /readyz: ready, degraded (a source is down: partial answers) or unavailable (503: all are).

    Says only the sources' ids and whether each answers; why one does not stands in the graph, for viewers.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[Mapping[str, Health]]],
        policies: Callable[[], Mapping[str, object] | None] | None = None,
    ) -> None:
        """`policies` says where newer policies were refused and others than an operator expects decide."""
        self._ask = ask
        self._policies = policies
        self._lock = asyncio.Lock()
        self._until = 0.0
        self._reply: Reply | None = None

    async def __call__(self, _: Exchange) -> Reply:
        """At most one question to the sources at a time, and one in five seconds."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._reply is None or now >= self._until:
                self._reply = _reply(await self._ask(), self._policies() if self._policies is not None else None)
                self._until = now + _KEEP_SECONDS
            return self._reply


def _reply(health: Mapping[str, Health], policies: Mapping[str, object] | None) -> Reply:
    answering = {source: state.ok for source, state in sorted(health.items())}
    rest: dict[str, object] = {"sources": answering}
    if policies is not None:
        rest["policies"] = policies
    if all(answering.values()):
        return json_reply({"status": "ready", **rest})
    if any(answering.values()):
        return json_reply({"status": "degraded", **rest})
    return json_reply({"status": "unavailable", **rest}, 503, code="UNAVAILABLE")
