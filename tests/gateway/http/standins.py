"""A tiny graph and three viewers' tokens, so that HTTP is tested alone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from graphql import GraphQLError, build_schema, graphql, validate
from graphql import parse as parse_document

from gateway.errors import AuditUnavailable, PurposeMissing, Unauthenticated
from gateway.execution.document import PersistedDocuments
from gateway.execution.engine import Answer, Request
from gateway.federation.binding import Sent
from gateway.http.application import Application, Route
from gateway.http.cors import Origins
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.operations import Operations
from gateway.http.pages import assets, editor_page, landing
from gateway.http.socket import SocketEndpoint
from gateway.http.throttle import Throttle
from gateway.viewer import Viewer

GOOD = "good.token-1"
NO_PURPOSE = "purposeless"
AUTHORIZED = {"Authorization": f"Bearer {GOOD}"}
LIMIT = 2_000

SCHEMA = build_schema(
    "type Query { hello(name: String): String  who: String  fail: String  vault: String }"
    " type Mutation { touch: String } type Subscription { tick: String }"
)


class Boom(RuntimeError):
    """Holds a value, as careless exceptions do."""


class Engine:
    """Runs graphql-core; the status follows the engine's own rule: 400 when nothing was executed."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        self.asked.append(request)
        try:
            errors = validate(SCHEMA, parse_document(request.query))
        except GraphQLError as err:
            errors = [err]
        except RecursionError:
            errors = [GraphQLError("The document is nested too deeply.")]
        if errors:
            formatted = [{**e.formatted, "extensions": {"code": "GRAPHQL_INVALID"}} for e in errors]
            return Answer({"errors": formatted}, 400)
        if "fail" in request.query:
            raise Boom("329901199001011234 must never be seen")
        if "vault" in request.query:
            raise AuditUnavailable("The access cannot be put on record. Try again later.")
        root = {"hello": lambda _info, name="": f"您好 {name}", "who": viewer.subject, "touch": "touched"}
        result = await graphql(
            SCHEMA,
            request.query,
            root,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
        )
        return Answer(result.formatted, 200)


class Viewers:
    """Three kinds of token."""

    def __init__(self, seconds: float = 600.0) -> None:
        self.seconds = seconds

    def verify(self, token: str) -> Viewer:
        if token == NO_PURPOSE:
            raise PurposeMissing("The token names no purpose. Ask for a token with one.")
        if token != GOOD:
            raise Unauthenticated("The token does not hold. Ask for a new one.")
        return Viewer(
            subject="staff-7",
            agency="AF320500",
            agency_name="示例后续照管中心",
            agency_kind="AFTERCARE",
            jurisdiction="320500",
            roles=frozenset({"AFTERCARE_OFFICER"}),
            purpose="AFTERCARE",
            issuer="tests",
            key_id="k1",
            expires_at=time.time() + self.seconds,
        )

    async def identify(self, token: str, sent: Sent | None = None) -> Viewer:
        return self.verify(token)


def application(
    engine: Engine,
    *,
    editor: bool = True,
    origins: tuple[str, ...] = (),
    documents: PersistedDocuments | None = None,
    throttle: Throttle | None = None,
    viewers: Viewers | None = None,
    init_seconds: float = 10.0,
) -> Application:
    """The HTTP layer round a stand-in engine."""
    operations = Operations(engine, viewers or Viewers(), documents=documents, throttle=throttle)
    endpoint = GraphQLEndpoint(operations, max_body_bytes=LIMIT, page=editor_page(demo=False) if editor else None)
    routes = {
        "/": Route(landing(name="yiti-test", province="江苏省", demo=False, editor=editor)),
        "/graphql": Route(endpoint, ("GET", "POST")),
        **assets(),
    }
    sockets = {"/graphql": SocketEndpoint(operations, init_seconds=init_seconds)}
    return Application(routes, Origins(origins), sockets)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body without a Content-Length."""
    for part in parts:
        yield part
