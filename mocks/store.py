"""What the agencies behind HTTP have in common: a database of their own and an application that checks a secret."""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH = "/healthz"

Row = dict[str, str | None]
Statement = Select[*tuple[Any, ...]]


class Store:
    """One agency's database, opened for reading."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url)

    async def rows(self, statement: Statement) -> list[Row]:
        """The rows of a statement, each as column -> text."""
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(statement)).mappings()]

    async def page(self, statement: Statement, offset: int, limit: int) -> tuple[list[Row], int]:
        """A stretch of a statement's rows, and how many there are in all."""
        async with self._engine.connect() as connection:
            total = await connection.scalar(select(func.count()).select_from(statement.subquery()))
            found = await connection.execute(statement.offset(max(0, offset)).limit(max(0, limit)))
            return [dict(row) for row in found.mappings()], total or 0

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()


class Guard:
    """Lets a request in when its header holds the secret; health is open to everybody."""

    def __init__(self, app: ASGIApp, header: str, secret: str, refusal: Callable[[], Response]) -> None:
        self._app = app
        self._header = header
        self._secret = secret
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] == HEALTH or self._admits(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await self._refusal()(scope, receive, send)

    def _admits(self, headers: Headers) -> bool:
        given = headers.get(self._header, "")
        return bool(self._secret) and hmac.compare_digest(self._secret.encode(), given.encode())


def application(
    store: Store,
    routes: Sequence[BaseRoute],
    *,
    header: str,
    variable: str,
    refusal: Callable[[], Response] = lambda: JSONResponse({"error": "unauthorized"}, 401),
) -> Starlette:
    """The agency's application: its routes, an open health path, and the secret in front of the rest.

    The secret is what the environment's `variable` holds now: another imitation in this process has its own.
    """
    secret = os.environ.get(variable, "")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.aclose()

    return Starlette(
        routes=[Route(HEALTH, _health), *routes],
        middleware=[Middleware(Guard, header=header, secret=secret, refusal=refusal)],
        lifespan=lifespan,
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "UP"})


def number(text: str | None, default: int) -> int:
    """A whole number of a query string, or the default where it is none."""
    return int(text) if text and text.isdecimal() else default


def listed(text: str | None) -> list[str]:
    """The parts of a comma-separated parameter."""
    return [part for part in (text or "").split(",") if part]
