"""This gateway inside the bench's own process, asked through its ASGI application: for curves and profiles."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import people
from bench.contenders.house import OFFICER, opened, settings_for, token_for
from bench.processes import OTHER_CORE, Running, free_port, start
from bench.rivals import ROOT
from gateway.app import Gateway
from gateway.serving import calm_collector
from gateway.settings import Settings
from gateway.sources.fetch import FederatedSources
from gateway.tokens import Profile

Without = Callable[[], AbstractContextManager[None]]


@contextmanager
def upstream(directory: Path, count: int = people.THOUSAND) -> Iterator[Running]:
    """The three agencies, for this process and those it starts."""
    port = free_port()
    command = [sys.executable, "-m", "bench.upstream", str(port), "--people", str(count)]
    running = start("upstream", command, port, directory, core=OTHER_CORE, cwd=ROOT)
    before = os.environ.get("BENCH_UPSTREAM")
    try:
        running.wait_until_listening()
        os.environ["BENCH_UPSTREAM"] = f"http://127.0.0.1:{port}"
        yield running
    finally:
        running.end()
        os.environ.pop("BENCH_UPSTREAM")
        if before is not None:
            os.environ["BENCH_UPSTREAM"] = before


class Remembering(FederatedSources):
    """Sources that are really asked once; after that what they said is at hand, so that only our own work is left."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._readings: dict[object, Any] = {}

    async def read(self, holders: Any, needs: Any, call: Any, *, peers: bool = True, known: Any = None) -> Any:
        """As FederatedSources."""
        key = (tuple(sorted(holders)), tuple(sorted((entity, frozenset(names)) for entity, names in needs.items())))
        if key not in self._readings:
            self._readings[key] = await super().read(holders, needs, call, peers=peers, known=known)
        return self._readings[key]

    async def search(self, where: Any, call: Any, *, peers: bool = True, fields: Any = ()) -> Any:
        """As FederatedSources."""
        key = (repr(where), frozenset(fields))
        if key not in self._readings:
            self._readings[key] = await super().search(where, call, peers=peers, fields=fields)
        return self._readings[key]


class House:
    """An open gateway and how to ask it."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self.gateway = gateway
        self._settings = settings

    def headers(self, profile: Profile = OFFICER) -> dict[str, str]:
        """Of a viewer's requests."""
        return {
            "content-type": "application/json",
            "accept": "application/json",
            "authorization": f"Bearer {token_for(self._settings, profile)}",
        }

    async def ask(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The answer to one request; ValueError unless its status is 200."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gateway.application(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent)
        if sent[0]["status"] != 200 or b'"errors"' in content:
            raise ValueError(content[:500].decode(errors="replace"))
        return content

    async def cost(self, bodies: Sequence[bytes], headers: Sequence[Mapping[str, str]], seconds: float) -> float:
        """CPU microseconds per request, the best of three runs; the first round, which warms, is left out."""
        for body in bodies:
            await self.ask(body, headers[0])
        return min([await self._run(bodies, headers, seconds / 3) for _ in range(3)])

    async def _run(self, bodies: Sequence[bytes], headers: Sequence[Mapping[str, str]], seconds: float) -> float:
        asked, began, end = 0, time.process_time(), time.perf_counter() + seconds
        while not asked or time.perf_counter() < end:
            await self.ask(bodies[asked % len(bodies)], headers[asked % len(headers)])
            asked += 1
        return (time.process_time() - began) / asked * 1e6


@asynccontextmanager
async def house(
    directory: Path, without: Without = nullcontext, *, remembering: bool = True, **others: Any
) -> AsyncIterator[House]:
    """The gateway over the upstream that runs, opened `without` something, see bench/contenders/unguarded.py.

    `others` are settings that differ from those of a contender.
    """
    settings = settings_for(directory, **others)
    async with AsyncExitStack() as stack:
        with without(), patch("gateway.app.FederatedSources", Remembering) if remembering else nullcontext():
            gateway = await stack.enter_async_context(opened(settings))
        before = gc.get_threshold()
        calm_collector()  # as a gateway that serves
        try:
            yield House(gateway, settings)
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
