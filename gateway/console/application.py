"""The console as an ASGI application of its own: a table of its pages."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console import signing_in
from gateway.console.files import static_file
from gateway.console.gate import PATH, SIGN_IN, Outcome, page
from gateway.console.pages import break_glass, entry, export, report, search, trails, trends, verification
from gateway.console.services import Services
from gateway.console.visit import Visit
from gateway.http.refusals import MethodNotAllowed, NotFound


def console(services: Services) -> Starlette:
    """Answers everything under /console."""
    app = Starlette(
        routes=[
            Route(f"{PATH}/static/{{stamp}}/{{name}}", static_file),
            Route(SIGN_IN, page(signing_in.sign_in, is_open=True), methods=["GET", "POST"]),
            Route(f"{SIGN_IN}/provider", page(signing_in.start, is_open=True)),
            Route(f"{SIGN_IN}/callback", page(signing_in.finish, is_open=True)),
            Route(f"{PATH}/sign-out", page(signing_in.sign_out, is_open=True), methods=["POST"]),
            Route(signing_in.SIGNED_OUT, page(signing_in.signed_out, is_open=True)),
            Route(PATH, page(search.search), methods=["GET", "POST"]),
            Route(f"{PATH}/people/{{person}}", page(trails.person)),
            Route(f"{PATH}/officials/{{official:path}}", page(trails.official)),
            Route(f"{PATH}/entries/{{entry}}", page(entry.entry)),
            Route(break_glass.BREAK_GLASS, page(break_glass.listed)),
            Route(f"{break_glass.BREAK_GLASS}/{{grant}}", page(break_glass.single), methods=["GET", "POST"]),
            Route(report.REPORT, page(report.reported), methods=["GET", "POST"]),
            Route(export.EXPORT, page(export.exported), methods=["POST"]),
            Route(verification.VERIFICATION, page(verification.verification)),
            Route(trends.TRENDS, page(trends.trends), methods=["GET", "POST"]),
        ],
        exception_handlers={404: _nothing, 405: _other_method},
    )
    app.router.redirect_slashes = False
    app.state.services = services
    return app


async def _nothing(request: Request, _: Exception) -> Response:
    async def view(_visit: Visit) -> Outcome:
        raise NotFound("There is nothing at this path of the console.")

    return await page(view, is_open=True)(request)


async def _other_method(request: Request, err: Exception) -> Response:
    allow = (getattr(err, "headers", None) or {}).get("Allow", "GET")

    async def view(_visit: Visit) -> Outcome:
        raise MethodNotAllowed(f"This method is not offered here. Send one of: {allow}.", allow)

    return await page(view, is_open=True)(request)
