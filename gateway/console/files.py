"""The style sheets, the one thing that the pages load; each under a name that changes with its content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC: Final = Path(__file__).with_name("static")
_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_CONTENT: Final = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in _TYPES}
STAMP: Final = hashlib.sha256(b"".join(_CONTENT.values())).hexdigest()[:12]
"""Names this version of all files; part of their addresses."""


async def static_file(request: Request) -> Response:
    """GET /console/static/{stamp}/{name}."""
    name = request.path_params["name"]
    if name not in _CONTENT or request.path_params["stamp"] != STAMP:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(_CONTENT[name], media_type=_TYPES[Path(name).suffix], headers=headers)
