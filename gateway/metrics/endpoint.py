"""GET, by default at /metrics: the figures, for whoever has the operators' token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.errors import Unauthenticated
from gateway.http.bearer import read_token
from gateway.http.exchange import Exchange, Reply
from gateway.settings import SettingsError

_SHORTEST: Final = 16


class MetricsEndpoint:
    """A viewer's token opens nothing here, and the operators' token nothing anywhere else."""

    def __init__(self, token: bytes, written: Callable[[str], tuple[bytes, str]]) -> None:
        self._token = token
        self._written = written

    async def __call__(self, exchange: Exchange) -> Reply:
        """The answer in the format that is asked for; raises Unauthenticated."""
        if not hmac.compare_digest(read_token(exchange).encode(), self._token):
            raise Unauthenticated("The token is not the operators' one for these figures. Send that of the setting.")
        body, media_type = self._written(exchange.headers.get("accept", ""))
        return Reply(200, body, media_type)


def read_operators_token(path: Path) -> bytes:
    """From its file; SettingsError where it would be too easy to guess or could not be sent."""
    token = path.read_bytes().strip()
    if len(token) < _SHORTEST or not token.isascii() or b" " in token:
        raise SettingsError(
            f"YITI_METRICS_TOKEN_FILE: {path}: must hold one word of at least {_SHORTEST} characters. "
            "Make it with: openssl rand -hex 32"
        )
    return token
