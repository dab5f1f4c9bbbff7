"""Which pages of other origins may read the answers; none unless the settings name them."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from gateway.http.exchange import Exchange, Reply


class Origins:
    """The origins that may ask from a browser. Cookies are never used, so credentials are never allowed."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(allowed)

    def headers(self, exchange: Exchange) -> tuple[tuple[str, str], ...]:
        """What an answer says to the browser."""
        if not self._allowed:
            return ()
        vary = ("Vary", "Accept, Origin")
        if exchange.headers.get("origin") not in self._allowed:
            return (vary,)
        return (
            vary,
            ("Access-Control-Allow-Origin", exchange.headers["origin"]),
            ("Access-Control-Expose-Headers", "Retry-After, X-Request-Id"),
        )

    def may_connect(self, exchange: Exchange) -> bool:
        """Whether a page may open a socket, which no browser asks about before: our own pages, and those named."""
        origin = exchange.headers.get("origin")
        return origin is None or origin in self._allowed or urlsplit(origin).netloc == exchange.headers.get("host")

    def preflight(self, exchange: Exchange, methods: str) -> Reply:
        """The answer to OPTIONS."""
        allow = (("Allow", f"{methods}, OPTIONS"),)
        if exchange.headers.get("origin") not in self._allowed:
            return Reply(204, content_type=None, headers=allow)
        return Reply(
            204,
            content_type=None,
            headers=(
                *allow,
                ("Access-Control-Allow-Methods", methods),
                ("Access-Control-Allow-Headers", "authorization, content-type, x-request-id"),
                ("Access-Control-Max-Age", "600"),
            ),
        )
