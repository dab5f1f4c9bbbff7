"""The console's cookies: none is readable by a script or sent along from another site's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_LANGUAGE_SECONDS: Final = 180 * 86_400


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and writes them; `secure` outside demo mode, where their names say so too (RFC 6265bis, 4.1.3)."""

    secure: bool

    @property
    def session(self) -> str:
        """Name of the session's cookie."""
        return self._name("session")

    @property
    def attempt(self) -> str:
        """Name of the cookie of somebody on the way in."""
        return self._name("attempt")

    @property
    def language(self) -> str:
        """Name of the cookie with the chosen language."""
        return self._name("language")

    def read(self, request: Request, name: str) -> str | None:
        """The cookie's value."""
        return request.cookies.get(name)

    def write(self, response: Response, name: str, value: str) -> None:
        """Set one that ends with the browser, or after half a year for the language."""
        response.set_cookie(
            name,
            value,
            max_age=_LANGUAGE_SECONDS if name == self.language else None,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",  # strict would leave it out when the identity provider sends the browser back
        )

    def drop(self, response: Response, name: str) -> None:
        """Take it back."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def _name(self, use: str) -> str:
        return f"__Host-yiti-{use}" if self.secure else f"yiti-{use}"
