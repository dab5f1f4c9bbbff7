"""Asks an identity provider for its keys: by OpenID discovery, or straight at their address.

Everything that comes is checked before it is used: the discovery document is the configured issuer's own, the keys'
address is no less protected than the issuer's, and neither is longer than it may be.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from adapters.contract import AdapterError, Deadline
from adapters.drivers.http import Answer, HttpClient, Request
from adapters.manifest import ManifestError, Tls
from gateway.issuers.jwks import NoUsableKey, usable_keys
from gateway.issuers.jws import read_json
from gateway.issuers.remote import Fetched, KeysUnavailable

WELL_KNOWN: Final = "/.well-known/openid-configuration"
LONGEST_ANSWER: Final = 256_000
"""Bytes of a discovery document or key set."""

_MOST_CLIENTS: Final = 4  # an issuer that moves its keys about leaves no connections behind
_MAX_AGE: Final = re.compile(r'(?<![a-z-])max-age="?(\d{1,9})', re.ASCII)
_JSON: Final = ("application/json", "application/jwk-set+json", "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an issuer's keys are: its own name for discovery, or the address of its JWKS."""

    issuer: str | None = None
    jwks: str | None = None
    timeout: float = 5.0  # seconds for the whole of one asking
    tls: Tls | None = None


class HttpFetch:
    """Fetch over HTTP. Errors name the issuer as the operator's file calls it, and never an address."""

    def __init__(self, name: str, place: Place, algorithms: Collection[str]) -> None:
        """Raises ValueError where an address cannot be used, ManifestError where a TLS file cannot."""
        self._name = name
        self._place = place
        self._algorithms = frozenset(algorithms)
        self._clients: dict[str, HttpClient] = {}
        address = place.jwks or place.issuer or ""
        check_address(address)
        self._client(address)

    async def __call__(self) -> Fetched:
        """The present keys; raises KeysUnavailable."""
        deadline = Deadline.after(self._place.timeout)
        try:
            address = self._place.jwks or await self._discover(deadline)
            answer = await self._get(address, deadline)
            return Fetched(usable_keys(_read(answer), self._algorithms), fresh_seconds(answer.cache_control))
        except NoUsableKey as err:
            raise KeysUnavailable(f"its key set cannot be used: {err}") from err
        except (AdapterError, ManifestError) as err:
            raise KeysUnavailable(str(err)) from err

    async def aclose(self) -> None:
        """Give connections back."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def _discover(self, deadline: Deadline) -> str:
        issuer = self._place.issuer or ""
        document = _read(await self._get(issuer.rstrip("/") + WELL_KNOWN, deadline))
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            raise KeysUnavailable(
                "its discovery document is another issuer's; `issuer` must be the same to the letter"
            )
        address = document.get("jwks_uri")
        try:
            check_address(address if isinstance(address, str) else "")
        except ValueError as err:
            raise KeysUnavailable(f"its discovery document's jwks_uri cannot be used: {err}") from None
        if (urlsplit(issuer).scheme, urlsplit(str(address)).scheme) == ("https", "http"):
            raise KeysUnavailable("its discovery document leads from https to http")
        return str(address)

    async def _get(self, address: str, deadline: Deadline) -> Answer:
        if len(self._clients) > _MOST_CLIENTS:
            await self.aclose()
        parts = urlsplit(address)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        answer = await self._client(address).send(Request(target), deadline)
        if answer.status != 200:
            raise KeysUnavailable(f"it answered with status {answer.status}")
        return answer

    def _client(self, address: str) -> HttpClient:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._clients:
            self._clients[origin] = HttpClient(
                origin,
                source=f"issuer {self._name}",
                timeout=timedelta(seconds=self._place.timeout),
                concurrency=1,
                max_bytes=LONGEST_ANSWER,
                headers={"accept": "application/json, application/jwk-set+json"},
                tls=self._place.tls,
            )
        return self._clients[origin]


def check_address(address: str) -> None:
    """Raise ValueError unless this is an https address; http is for this machine alone."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError("it is no address") from None
    if not host or "@" in parts.netloc or parts.fragment or not address.isascii() or not address.isprintable():
        raise ValueError("it must read https://host/path, without a name, password or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("it must begin with https://; http is for this machine alone")


def fresh_seconds(cache_control: str) -> float | None:
    """For how long a Cache-Control header lets its answer be kept; None where it does not say."""
    words = cache_control.lower()
    if "no-store" in words or "no-cache" in words:
        return 0.0
    found = _MAX_AGE.search(words)
    return float(found.group(1)) if found else None


def _read(answer: Answer) -> object:
    if answer.media_type not in _JSON and not answer.media_type.endswith("+json"):
        raise KeysUnavailable("it answered with another content type than JSON")
    try:
        return read_json(answer.content)
    except (ValueError, RecursionError):
        raise KeysUnavailable("it answered with something else than JSON that names each member once") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
