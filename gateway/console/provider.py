"""Signing in by OpenID Connect: authorization code with PKCE, state and nonce, all of it Authlib's work.

The seam to the identity provider: whatever it or the network does ends here. The ID token describes the auditor by
the claims of gateway/claims.py: agency, roles, purpose.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from adapters.drivers.http import NETWORK_FAILURES
from gateway.claims import ViewerClaims, viewer_of
from gateway.console.attempts import Attempt
from gateway.console.errors import SignInFailed
from gateway.errors import GatewayError
from gateway.viewer import Viewer

with warnings.catch_warnings():
    # Authlib would rather have httpx's successor; it works with the one that this project stands on.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth, OAuthError  # type: ignore[import-untyped]

Describe = Callable[[str, Mapping[str, Any]], Viewer]  # issuer, claims; raises GatewayError

DISCOVERY: Final = "/.well-known/openid-configuration"
_SECONDS: Final = 10.0
_LEEWAY: Final = 30  # seconds by which the clocks may differ
_ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})  # no shared secrets, never `none`


@dataclass(frozen=True, slots=True)
class Registration:
    """How the console is known to the identity provider."""

    issuer: str
    client_id: str
    client_secret: str | None  # None: a public client, which PKCE protects alone
    callback: str  # address to which the provider sends the browser back


class Provider:
    """One identity provider. Network and protocol failures become SignInFailed, without a word of what came."""

    def __init__(self, registration: Registration, describe: Describe | None = None) -> None:
        """`describe` makes the viewer of checked claims; without it they are read as our own (gateway/claims.py)."""
        self.registration = registration
        self._describe = describe or _viewer
        self._app: Any = OAuth().register(  # Authlib is not typed
            "console",
            server_metadata_url=registration.issuer.rstrip("/") + DISCOVERY,
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            client_kwargs={
                "scope": "openid",
                "code_challenge_method": "S256",
                "timeout": _SECONDS,
                "token_endpoint_auth_method": "client_secret_basic" if registration.client_secret else "none",
            },
        )

    async def start(self, request: Request, attempt: Attempt, language: str) -> Response:
        """Send the browser to the provider; state, nonce and verifier stay in `attempt`."""
        request.scope["session"] = attempt.kept
        try:
            await self._check_metadata()
            response: Response = await self._app.authorize_redirect(
                request, self.registration.callback, ui_locales=language
            )
        except _FAILURES as err:
            raise _failed("cannot be reached") from err
        return response

    async def finish(self, request: Request, attempt: Attempt) -> Viewer:
        """The viewer whom the provider's answer describes."""
        request.scope["session"] = attempt.kept
        if "code" not in request.query_params:
            raise _failed("did not sign you in")
        try:
            metadata = await self._check_metadata()
            token = await self._app.authorize_access_token(
                request,
                leeway=_LEEWAY,
                claims_options={
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self.registration.client_id},
                },
            )
        except _FAILURES as err:
            raise _failed("gave an answer that does not hold") from err
        claims = token.get("userinfo")
        if not claims:
            raise _failed("sent no ID token")
        try:
            return self._describe(self.registration.issuer, claims)
        except SignInFailed:
            raise
        except GatewayError as err:
            raise _failed("speaks of somebody for whom it may not speak, or not as docs/operate.md says") from err

    async def farewell(self) -> str | None:
        """Where the provider itself can be signed out of, if it says so."""
        try:
            found = (await self._check_metadata()).get("end_session_endpoint")
        except (*_FAILURES, SignInFailed):
            return None
        return str(found) if found else None

    async def _check_metadata(self) -> Mapping[str, Any]:
        """The provider's own description, held to its name and to signatures that only it can make."""
        metadata: dict[str, Any] = await self._app.load_server_metadata()
        if metadata.get("issuer") != self.registration.issuer:
            raise _failed("describes itself under another name")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _ALGORITHMS]
        return metadata


# The last ones are Authlib's over an answer of another shape than the protocol's.
_FAILURES: Final = (
    OAuthError,
    JoseError,
    *NETWORK_FAILURES,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    AttributeError,
)


def _failed(what: str) -> SignInFailed:
    return SignInFailed(f"The identity provider {what}. Sign in again; if it goes on, tell the gateway's operator.")


def _viewer(issuer: str, claims: Mapping[str, Any]) -> Viewer:
    try:
        described = ViewerClaims.model_validate(dict(claims))
    except ValidationError as err:
        wrong = sorted({".".join(map(str, found["loc"])) or "roles" for found in err.errors()})
        raise SignInFailed(
            f"The identity provider's ID token lacks claims or has them in another form: {', '.join(wrong)}. "
            "Ask its administrator to map them as docs/operate.md says."
        ) from None
    return viewer_of(described, issuer=issuer, key_id="oidc", expires_at=float(claims["exp"]))


def read_client_secret(path: Path | None) -> str | None:
    """The client's secret from its file."""
    return path.read_text(encoding="utf-8").strip() if path is not None else None
