"""Coming in and going: the sign-in page, the way over the identity provider and back, signing out."""

from __future__ import annotations

from gateway.console.admission import admit
from gateway.console.attempts import Attempt
from gateway.console.errors import AuditorsOnly, SignInFailed
from gateway.console.gate import PATH, SIGN_IN, Outcome, inside, redirect
from gateway.console.personas import Personas
from gateway.console.provider import Provider
from gateway.console.visit import Shown, Visit
from gateway.http.refusals import NotFound
from gateway.viewer import Viewer

SIGNED_OUT = f"{PATH}/signed-out"


async def sign_in(visit: Visit) -> Outcome:
    """GET: the door. POST (demo only): in as one of the personas."""
    if visit.request.method == "POST":
        return await _become(visit)
    to = inside(visit.query.get("to", PATH))
    if visit.session is not None:
        return redirect(to)
    services = visit.services
    attempt = services.attempts.begin(to)
    shown = Shown("sign_in.html", {"door": _described(visit), "form_token": attempt.form_token})
    response = services.renderer.page(visit, shown, None)
    services.cookies.write(response, services.cookies.attempt, services.attempts.written(attempt))
    return response


async def start(visit: Visit) -> Outcome:
    """GET: over to the identity provider."""
    provider, attempt = _provider(visit), _attempt(visit)
    visit.services.rate.admit(_address(visit))
    if attempt is None:
        return redirect(SIGN_IN)
    response = await provider.start(visit.request, attempt, visit.language.tag)
    cookies = visit.services.cookies
    cookies.write(response, cookies.attempt, visit.services.attempts.written(attempt))
    return response


async def finish(visit: Visit) -> Outcome:
    """GET: back from the identity provider."""
    provider, attempt = _provider(visit), _attempt(visit)
    visit.services.rate.admit(_address(visit))
    try:
        attempt = await _still(visit, attempt)
        viewer = await provider.finish(visit.request, attempt)
    except SignInFailed as err:
        await visit.services.recorder.refused(None, err.code, visit.request_id)
        raise
    return await _enter(visit, viewer, attempt)


async def sign_out(visit: Visit) -> Outcome:
    """POST: the session ends here, and the browser is told to forget what it holds."""
    services = visit.services
    response = redirect(SIGNED_OUT)
    if visit.session is not None:
        await services.recorder.signed_out(visit.viewer, visit.request_id)
        await services.sessions.end(services.cookies.read(visit.request, services.cookies.session))
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    services.cookies.drop(response, services.cookies.session)
    return response


async def signed_out(visit: Visit) -> Outcome:
    """GET: what is left to do."""
    door = visit.services.door
    farewell = await door.farewell() if isinstance(door, Provider) else None
    return Shown("signed_out.html", {"farewell": farewell})


async def _become(visit: Visit) -> Outcome:
    door = visit.services.door
    if not isinstance(door, Personas):
        raise NotFound("There is nothing at this path.")
    visit.services.rate.admit(_address(visit))
    viewer = door.become(visit.field("persona"))
    attempt = _attempt(visit)
    if viewer is None or attempt is None or not await visit.services.attempts.take(attempt):
        return redirect(SIGN_IN)
    return await _enter(visit, viewer, attempt)


async def _enter(visit: Visit, viewer: Viewer, attempt: Attempt) -> Outcome:
    services = visit.services
    try:
        admit(viewer, services.authorizer)
    except AuditorsOnly as err:
        await services.recorder.refused(viewer, err.code, visit.request_id)
        raise
    await services.recorder.signed_in(viewer, visit.request_id)
    await services.sessions.end(services.cookies.read(visit.request, services.cookies.session))
    key, _ = await services.sessions.begin(viewer)
    response = redirect(inside(attempt.to))
    services.cookies.write(response, services.cookies.session, key)
    services.cookies.drop(response, services.cookies.attempt)
    return response


def _described(visit: Visit) -> dict[str, object]:
    door = visit.services.door
    if isinstance(door, Personas):
        return {"auditors": door.auditors, "others": door.others}
    return {"provider": door.registration.issuer}


def _provider(visit: Visit) -> Provider:
    if not isinstance(visit.services.door, Provider):
        raise NotFound("There is nothing at this path.")
    return visit.services.door


def _attempt(visit: Visit) -> Attempt | None:
    services = visit.services
    return services.attempts.read(services.cookies.read(visit.request, services.cookies.attempt))


async def _still(visit: Visit, attempt: Attempt | None) -> Attempt:
    if attempt is None or not await visit.services.attempts.take(attempt):
        raise SignInFailed("Signing in took too long, or was begun in another browser. Begin it again.")
    return attempt


def _address(visit: Visit) -> str:
    client = visit.request.client
    return client.host if client is not None else "unknown"
