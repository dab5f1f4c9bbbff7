"""A small OpenID Connect provider on loopback, and ways in which it can lie."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "yiti-console", "quite-secret"


@cache
def own_key() -> RSAKey:
    """Its key; made once, since that takes long."""
    return RSAKey.generate_key(2048, {"kid": "one"})


AUDITOR = {
    "sub": "staff-81",
    "agency": {"code": "320000900000", "name": "某某审计组", "kind": "OVERSIGHT", "jurisdiction": "320000"},
    "roles": ["AUDITOR"],
    "purpose": "AUDIT",
}


@dataclass
class IdentityProvider:
    """Signs in whoever `claims` describe; `lies` replaces members of the ID token, `keys` signs it."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: dict(AUDITOR))
    lies: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=own_key)
    forged: RSAKey | None = None
    checked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def application(self) -> Starlette:
        """Its endpoints."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._keys),
            ]
        )

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "end_session_endpoint": f"{self.issuer}/end",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                **self.metadata,
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(dict(KeySet([self.key]).as_dict(private=False)))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid"
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or challenge.decode() != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        self.checked.append("pkce")
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        claims = {name: value for name, value in {**claims, **self.lies}.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.forged or self.key)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": token})


@contextmanager
def provided() -> Iterator[IdentityProvider]:
    """One that answers on a port of its own."""
    provider = IdentityProvider()
    server = uvicorn.Server(uvicorn.Config(provider.application(), port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    provider.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
