"""The headers that every page bears: nothing from elsewhere, nothing kept, framed by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'none'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}
_YEAR: Final = 31_536_000


def page_headers(*, secure: bool) -> dict[str, str]:
    """Those of a page; `secure` where the console is reached by https only."""
    lasting = {"Strict-Transport-Security": f"max-age={_YEAR}"} if secure else {}
    return {**PAGE_HEADERS, **lasting}
