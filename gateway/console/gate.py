"""The way of every request to the console: language, session, form, page, record, and only then the answer."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.admission import admit
from gateway.console.conditions import may_be_personal
from gateway.console.errors import FormExpired
from gateway.console.language import languages, negotiate
from gateway.console.services import Services
from gateway.console.visit import Moved, Shown, Visit
from gateway.errors import BadRequest, GatewayError
from gateway.http.access_log import fault
from gateway.http.exchange import Exchange
from gateway.http.refusals import BodyTooLarge, Throttled

PATH: Final = "/console"
SIGN_IN: Final = f"{PATH}/sign-in"
_FORM_BYTES: Final = 16_384
_FORM: Final = "application/x-www-form-urlencoded"

Outcome = Shown | Moved | Response
View = Callable[[Visit], Awaitable[Outcome]]
Endpoint = Callable[[Request], Awaitable[Response]]


def page(view: View, *, is_open: bool = False) -> Endpoint:
    """An endpoint of Starlette from a view; `is_open` for what stands before the door."""

    async def endpoint(request: Request) -> Response:
        services: Services = request.app.state.services
        exchange: Exchange = request.scope["yiti.exchange"]
        if (chosen := request.query_params.get("lang")) in languages():
            return _in_language(request, services, chosen)
        language = negotiate(
            services.cookies.read(request, services.cookies.language), request.headers.get("accept-language")
        )
        visit = Visit(request, services, language, exchange.request_id, None, {})
        try:
            session = await services.sessions.find(services.cookies.read(request, services.cookies.session))
            if session is None and not is_open:
                return _to_the_door(request)
            visit = replace(visit, session=session)
            return await _answer(view, visit)
        except GatewayError as err:
            exchange.code = err.code
            return refusal(visit, err)
        except Exception as err:  # noqa: BLE001 - the process boundary: nobody above answers the reader in their language
            found = fault(exchange, err)
            exchange.code = found.code
            return refusal(visit, found)

    return endpoint


def refusal(visit: Visit, error: GatewayError) -> Response:
    """An error as a page: the stable code, what happened and the fix, in the reader's language."""
    shown = Shown("error.html", {"error": error}, status=max(error.status, 400))
    response = visit.services.renderer.page(visit, shown, None)
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.seconds)
    return response


async def _answer(view: View, visit: Visit) -> Response:
    if visit.session is not None:
        admit(visit.session.viewer, visit.services.authorizer)  # again each time: the policy may have changed
    if visit.request.method == "POST":
        visit = await _with_form(visit)
    outcome = await view(visit)
    if isinstance(outcome, Response):
        return outcome
    entry = None
    if outcome.record is not None:
        entry = await visit.services.recorder.write(outcome.record, visit.viewer, visit.request_id)
    if isinstance(outcome, Shown):
        return visit.services.renderer.page(visit, outcome, entry)
    return redirect(outcome.to)


def redirect(to: str) -> RedirectResponse:
    """Go on there by GET, and keep nothing of this."""
    return RedirectResponse(to, status_code=303, headers={"Cache-Control": "no-store"})


def inside(path: str) -> str:
    """`path` if it is a page of the console, else its first page: no address of a form leads elsewhere."""
    parts = urlsplit(path)
    is_ours = not parts.scheme and not parts.netloc and (parts.path == PATH or parts.path.startswith(f"{PATH}/"))
    return path if is_ours and not set(path) & set("\\\r\n\t") else PATH


def _to_the_door(request: Request) -> Response:
    if request.method != "GET":
        return redirect(SIGN_IN)
    query = f"?{request.url.query}" if request.url.query else ""
    to = request.url.path + query
    return redirect(SIGN_IN if may_be_personal(unquote_plus(to)) else f"{SIGN_IN}?{urlencode({'to': to})}")


def _in_language(request: Request, services: Services, chosen: str) -> Response:
    """The same page once more, and the choice remembered: an address that is cited holds no language."""
    left = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    response = redirect(inside(request.url.path + (f"?{urlencode(left)}" if left else "")))
    services.cookies.write(response, services.cookies.language, chosen)
    return response


async def _with_form(visit: Visit) -> Visit:
    request = visit.request
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise BadRequest(f"Forms are sent as {_FORM}.")
    try:
        form = parse_qs((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError as err:
        raise BadRequest("The form has more than 200 fields.") from err
    if not _is_ours(visit, form):
        raise FormExpired(
            "The form is no longer valid, or came from another page. Open its page again and send it anew."
        )
    return replace(visit, form=form)


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > _FORM_BYTES:
            raise BodyTooLarge(f"The form is longer than {_FORM_BYTES} bytes. Shorten what you wrote.")
    return bytes(parts)


def _is_ours(visit: Visit, form: Mapping[str, Sequence[str]]) -> bool:
    services, headers = visit.services, visit.request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    if visit.session is not None:
        expected = visit.session.form_token
    else:
        attempt = services.attempts.read(services.cookies.read(visit.request, services.cookies.attempt))
        if attempt is None:
            return False
        expected = attempt.form_token
    given = form.get("form_token", [""])[0]
    return hmac.compare_digest(given.encode(), expected.encode())
