"""A gateway that trusts one identity provider (`idp`), the demonstration's issuer and one peer."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from adapters.contract import PeerRequest
from gateway.federation.assertion import PeerSigner
from gateway.federation.binding import Sent, bound_to
from gateway.keys import make_signing_key, public_jwks
from gateway.tokens import ASSERTION, DevIssuer, Peer, Profile, Verifier, sign
from gateway.viewer import Viewer

NOW = 1_800_000_000.0
HERE, THERE = "gateway.320000", "gateway.330000"
BODY = b'{"query": "{ viewer { subject } }"}'

WORKER = Profile("staff-7", "11320102MB1", "某某街道", "TOWNSHIP", "320102003", frozenset({"TOWNSHIP_WORKER"}))
PERSON = Profile("login-1", "11320000MB2", "某某厅", "GATEWAY", "320000", frozenset({"SUBJECT"}), person="p-1")
CLAIMS: dict[str, Any] = {
    "iss": "idp",
    "aud": HERE,
    "sub": "staff-7",
    "agency": {"code": "11320102MB1", "name": "某某街道", "kind": "TOWNSHIP", "jurisdiction": "320102003"},
    "roles": ["TOWNSHIP_WORKER"],
    "purpose": "AFTERCARE",
}
THEIRS = {"code": "11330000MB9", "name": "某某厅", "kind": "AFTERCARE", "jurisdiction": "330106"}
OFFICER = Viewer(
    subject="staff-9",
    agency="11330000MB9",
    agency_name="某某厅",
    agency_kind="AFTERCARE",
    jurisdiction="330106",
    roles=frozenset({"AFTERCARE_OFFICER"}),
    purpose="HANDOFF",
    issuer="https://idp.zj.example",
    key_id="z",
    case_number="Z-1",
    clearance=1,
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def question(audience: str = HERE, body: bytes = BODY, target: str = "/graphql", method: str = "POST") -> PeerRequest:
    """What another gateway is about to ask."""
    return PeerRequest(audience, method, target, body)


def arrived(body: bytes = BODY, target: str = "/graphql", method: str = "POST") -> Sent:
    """What has arrived."""

    async def read() -> bytes:
        return body

    return Sent(method, target, read)


def now(waiting: Awaitable[Any]) -> Any:
    """The result, for tests that are no coroutines."""

    async def wait() -> Any:
        return await waiting

    return asyncio.run(wait())


@dataclass
class Town:
    """Everything at hand."""

    clock: Clock
    dev: DevIssuer
    idp: OKPKey
    idp_es256: ECKey
    peer: OKPKey
    verifier: Verifier

    def signed(self, key: Any = None, *, alg: str = "Ed25519", typ: str = "JWT", **changed: Any) -> str:
        """A token of the provider; `...` leaves a claim out."""
        key = key or self.idp
        dated = {"iat": int(NOW), "exp": int(NOW) + 600, **CLAIMS, **changed}
        claims = {name: value for name, value in dated.items() if value is not ...}
        header = {"alg": alg, "kid": key.kid, "typ": typ}
        return jwt.encode(header, claims, key, algorithms=[alg])

    def asserted(self, **changed: Any) -> str:
        """An assertion of the peer, changed by hand."""
        usual = {
            "iss": THERE,
            "act": {"sub": THERE},
            "jti": "1",
            "exp": int(NOW) + 60,
            "agency": THEIRS,
            "origin": "https://idp.zj.example",
            "request": bound_to("POST", "/graphql", BODY),
        }
        return self.signed(self.peer, **{"typ": ASSERTION, **usual, **changed})

    def service(self, **changed: str) -> str:
        """A service token of the peer, changed by hand."""
        claims = {"iss": THERE, "sub": THERE, "aud": HERE, "purpose": "LOCATE"}
        bound = {"request": bound_to("POST", "/graphql", BODY)}
        return sign({**claims, **bound, **changed}, self.peer, kind="yiti-service+jwt", now=NOW, seconds=60)

    @property
    def signer(self) -> PeerSigner:
        """The peer as it signs."""
        return PeerSigner(self.peer, THERE, clock=self.clock)


def a_town(directory: Path) -> Town:
    """A fresh one, with its key files."""
    clock = Clock()
    dev = DevIssuer(directory, mode="demo", audience=HERE, clock=clock)
    idp = make_signing_key(directory / "idp.key.json")
    idp_es256 = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
    jwks = public_jwks(idp)
    jwks["keys"] = [*jwks["keys"], idp_es256.as_dict(private=False)]  # type: ignore[misc]
    (directory / "idp.jwks.json").write_text(json.dumps(jwks))
    peer = make_signing_key(directory / "peer.key.json")
    (directory / "peer.jwks.json").write_text(json.dumps(public_jwks(peer)))
    verifier = Verifier(
        HERE,
        {dev.name: dev.jwks, "idp": directory / "idp.jwks.json"},
        {THERE: Peer(directory / "peer.jwks.json", "330000")},
        clock=clock,
    )
    return Town(clock, dev, idp, idp_es256, peer, verifier)


def encoded(part: object) -> bytes:
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def raw(header: bytes, claims: bytes, key: OKPKey) -> str:
    """A token whose parts are these very bytes, rightly signed."""
    parts = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims))
    return (parts + b"." + base64.urlsafe_b64encode(key.get_op_key("sign").sign(parts)).rstrip(b"=")).decode()


def as_secret(key: OKPKey) -> OctKey:
    """A public key as if it were a shared secret."""
    return OctKey.import_key(key.get_op_key("verify").public_bytes_raw(), {"kid": str(key.kid)})


Attack = Callable[[Town], str]
