"""The pages for people: a landing page, the query editor GraphiQL, and the files that they load."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from gateway.http.application import Endpoint, Route
from gateway.http.exchange import Exchange, Reply, json_reply
from gateway.http.negotiate import HTML, JSON, choose

STATIC: Final = Path(__file__).parent / "static"
_ASSETS: Final = "/static/"
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

# Everything comes from this server, as a file of its own.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Vary", "Accept"),
)


@dataclass(frozen=True, slots=True)
class DemoViewer:
    """One imitation viewer whom the demo lets everybody be."""

    title: str
    token: str


def landing(*, name: str, province: str, demo: bool, editor: bool) -> Endpoint:
    """GET /: what this is and where to go on."""
    text = Template((STATIC / "landing.html").read_text(encoding="utf-8")).substitute(
        name=escape(name),
        province=escape(province),
        mode="演示 · demo, imitation people only" if demo else "生产 · production",
        editor='<a href="/graphql">/graphql</a>' if editor else "<code>/graphql</code>",
    )
    page = _page(text)
    facts = json_reply({"name": name, "province": province, "graphql": "/graphql", "health": "/readyz"})

    async def answer(exchange: Exchange) -> Reply:
        form = choose(exchange.headers.get("accept"), (HTML, JSON), HTML)
        return facts if form == JSON else page

    return answer


def editor_page(*, demo: bool) -> Reply:
    """The query editor; in demo mode it offers the imitation viewers."""
    text = Template((STATIC / "editor.html").read_text(encoding="utf-8"))
    return _page(text.substitute(demo=str(demo).lower()))


def demo_viewers(issue: Callable[[], Sequence[DemoViewer]]) -> Endpoint:
    """GET /demo/viewers: the imitation viewers with fresh tokens; mounted in demo mode only."""

    async def answer(_: Exchange) -> Reply:
        return json_reply([asdict(viewer) for viewer in issue()])

    return answer


def assets() -> Mapping[str, Route]:
    """One route per file that a page loads; there is no path to any other file."""
    files = [path for path in sorted(STATIC.rglob("*")) if path.suffix in _TYPES]
    return {_ASSETS + path.relative_to(STATIC).as_posix(): Route(_asset(path)) for path in files}


def _asset(path: Path) -> Endpoint:
    body = path.read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = (("ETag", etag), ("Cache-Control", "public, max-age=300"), ("Vary", "Accept-Encoding"))
    content_type = _TYPES[path.suffix]
    plain = Reply(200, body, content_type, headers)
    packed = Reply(200, gzip.compress(body, 6, mtime=0), content_type, (*headers, ("Content-Encoding", "gzip")))
    unchanged = Reply(304, content_type=None, headers=headers)

    async def answer(exchange: Exchange) -> Reply:
        if exchange.headers.get("if-none-match") == etag:
            return unchanged
        return packed if "gzip" in exchange.headers.get("accept-encoding", "") else plain

    return answer


def _page(text: str) -> Reply:
    return Reply(200, text.encode(), f"{HTML}; charset=utf-8", _PAGE_HEADERS)
