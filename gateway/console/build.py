"""From the gateway's settings and parts to its console."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette

from gateway.audit.keeping import KeptLog
from gateway.audit.looking import report_limits
from gateway.audit.search import Search
from gateway.authorization.in_force import PoliciesInForce
from gateway.console.application import console
from gateway.console.asking import Graph
from gateway.console.attempts import Attempts
from gateway.console.cookies import Cookies
from gateway.console.doors import Door
from gateway.console.gate import SIGN_IN
from gateway.console.personas import Personas
from gateway.console.provider import Provider, Registration, read_client_secret
from gateway.console.rate import SignInRate
from gateway.console.record import Recorder
from gateway.console.rendering import Renderer
from gateway.console.services import Services
from gateway.console.sessions import Sessions
from gateway.console.store import MemoryStore, RedisStore, SessionStore
from gateway.demo_viewers import read_viewers
from gateway.identity.token import TokenService
from gateway.settings import Settings
from gateway.tokens import DevIssuer, Verifier


@dataclass(frozen=True, slots=True)
class Parts:
    """What the console shares with the gateway that it belongs to."""

    audit: KeptLog
    search: Search
    authorizer: PoliciesInForce
    tokens: TokenService
    verifier: Verifier
    graph: Graph
    issuer: DevIssuer | None  # in demo mode
    place: str  # the province, as people say it
    sessions: SessionStore
    session_key: bytes  # the same at every gateway that shares the store


def build_console(settings: Settings, parts: Parts) -> Starlette:
    """The console of a gateway that has one; SettingsError when its personas cannot be read."""
    # Browsers keep no secure cookies of plain http, which the demo on loopback is.
    secure = (settings.console_url or "").startswith("https://") or not settings.demo
    return console(
        Services(
            log=parts.audit,
            search=parts.search,
            authorizer=parts.authorizer,
            basis=partial(_basis, parts.authorizer),
            sessions=Sessions(
                parts.sessions,
                parts.session_key,
                idle=settings.console_idle_minutes * 60,
                longest=settings.console_session_hours * 3600,
            ),
            attempts=Attempts(parts.sessions, parts.session_key),
            cookies=Cookies(secure=secure),
            recorder=Recorder(parts.audit, settings.province),
            renderer=Renderer(
                name=settings.name,
                place=parts.place,
                demo=settings.demo,
                secure=secure,
                token=parts.search.token,
            ),
            door=_door(settings, parts),
            rate=SignInRate(),
            graph=parts.graph,
            limits=report_limits(settings),
            jurisdiction=settings.province,
            mint=parts.tokens.mint,
        )
    )


def open_sessions(settings: Settings) -> SessionStore:
    """Where this gateway's sessions are kept."""
    url = settings.console_redis_url
    return RedisStore(url.get_secret_value()) if url is not None else MemoryStore()


def _basis(authorizer: PoliciesInForce, policy: str) -> str | None:
    found = authorizer.policies.policies.get(policy)
    return None if found is None else found.basis


def _door(settings: Settings, parts: Parts) -> Door:
    if settings.console_issuer is not None and settings.console_client_id and settings.console_url:
        return Provider(
            Registration(
                issuer=settings.console_issuer,
                client_id=settings.console_client_id,
                client_secret=read_client_secret(settings.console_client_secret_file),
                callback=f"{settings.console_url}{SIGN_IN}/callback",
            ),
            # A provider that has a file of its own may say here no more than in its access tokens.
            partial(parts.verifier.viewer_of_claims, key_id="oidc")
            if parts.verifier.knows(settings.console_issuer)
            else None,
        )
    if parts.issuer is None:
        raise RuntimeError("there is no console without a way to sign in; Settings.console says so")
    viewers = read_viewers(settings.demo_viewers) if settings.demo_viewers is not None else ()
    return Personas(viewers, parts.issuer, parts.verifier.verify)
