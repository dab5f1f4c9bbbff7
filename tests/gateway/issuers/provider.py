"""A little OpenID provider, served for real on loopback: it rotates, lies, dawdles, and goes away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mocks.serving import Server, address, listen

SigningKey = RSAKey | ECKey | OKPKey
RSA = [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True) for _ in range(2)]
"""Making one takes long; tests share these."""


class OpenIdProvider:
    """What it says can be changed while it is served."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[SigningKey] = [RSA[0]]
        self.issuer: str | None = None  # what the discovery document says, if something else than the truth
        self.jwks_uri: str | None = None
        self.cache_control: str | None = "max-age=600"
        self.media_type = "application/json"
        self.body: bytes | None = None  # of the key set, instead of the keys
        self.status = 200
        self.delay = 0.0
        self.is_slow = False
        self.redirects = False
        self.asked: list[str] = []

    def token(self, claims: dict[str, Any], key: SigningKey | None = None, **header: Any) -> str:
        """Signed by the first key unless by another; `...` leaves a claim out."""
        key = key or self.keys[0]
        now = int(time.time())
        dated = {"iss": self.url, "iat": now, "exp": now + 600, **claims}
        named = {name: value for name, value in dated.items() if value is not ...}
        algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"}[key.key_type]
        return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, named, key, algorithms=[algorithm])

    @property
    def application(self) -> Starlette:
        """Its two documents."""
        return Starlette(
            routes=[Route("/.well-known/openid-configuration", self._discovery), Route("/keys", self._keys)]
        )

    async def _discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        return self._json({"issuer": self.issuer or self.url, "jwks_uri": self.jwks_uri or f"{self.url}/keys"})

    async def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        await asyncio.sleep(self.delay)
        if self.redirects:
            return RedirectResponse(f"{self.url}/elsewhere")
        if self.is_slow:
            return _Dripping(self.delay)
        if self.body is not None:
            return Response(self.body, self.status, media_type=self.media_type)
        return self._json({"keys": [key.as_dict(private=False) for key in self.keys]})

    def _json(self, document: object) -> Response:
        headers = {"Cache-Control": self.cache_control} if self.cache_control else {}
        return Response(json.dumps(document), self.status, headers, self.media_type)


class _Dripping(Response):
    """A body that comes byte by byte and never ends."""

    def __init__(self, _: float) -> None:
        super().__init__()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(500):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)


@asynccontextmanager
async def providing(provider: OpenIdProvider, certificate: Path | None = None) -> AsyncIterator[None]:
    """Served until the end of the block, over TLS with a certificate; then nobody listens there any more."""
    server = Server(provider.application)
    server.config.ssl_certfile = certificate
    with listen() as bound:
        provider.url = address(bound).replace("http:", "https:" if certificate else "http:")
        running = asyncio.create_task(server.serve([bound]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await running
