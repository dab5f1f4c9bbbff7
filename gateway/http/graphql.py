"""The GraphQL endpoint: who asks, in which form, and with which status the answer goes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from gateway.errors import GatewayError
from gateway.execution.engine import Answer, Request
from gateway.http.bearer import challenge, read_token
from gateway.http.exchange import Exchange, Reply, error_reply, json_reply
from gateway.http.negotiate import GRAPHQL, HTML, JSON, choose
from gateway.http.reading import read_get, read_post
from gateway.http.refusals import NotAcceptable
from gateway.viewer import Viewer

_FORMS: Final = (JSON, GRAPHQL)


class Answers(Protocol):
    """What answers; see gateway/execution/engine.py."""

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        """The answer, once the access is on record; raises only GatewayError."""
        ...


class Viewers(Protocol):
    """Who a token stands for; see gateway/tokens.py."""

    def verify(self, token: str) -> Viewer:
        """The viewer; raises Unauthenticated or PurposeMissing."""
        ...


class GraphQLEndpoint:
    """Serves /graphql; `page` is the query editor, where it is switched on."""

    def __init__(self, answers: Answers, viewers: Viewers, *, max_body_bytes: int, page: Reply | None = None) -> None:
        self._answers = answers
        self._viewers = viewers
        self._max_body_bytes = max_body_bytes
        self._page = page

    async def __call__(self, exchange: Exchange) -> Reply:
        """One request; every refusal has the form that the caller reads."""
        form = self._form(exchange)
        if form == HTML and self._page is not None:
            return self._page
        try:
            viewer = self._viewers.verify(read_token(exchange))
            request = await self._read(exchange)
        except GatewayError as err:
            return error_reply(err, form, challenge(err))
        return await self._answer(exchange, request, viewer, form)

    def _form(self, exchange: Exchange) -> str:
        offers = (*_FORMS, HTML) if exchange.method == "GET" and self._page is not None else _FORMS
        form = choose(exchange.headers.get("accept"), offers, JSON)
        if form is None:
            raise NotAcceptable(
                f"The Accept header takes nothing that is written here. Accept '{GRAPHQL}' or '{JSON}'."
            )
        return form

    async def _read(self, exchange: Exchange) -> Request:
        if exchange.method == "GET":
            return read_get(exchange)
        return await read_post(exchange, self._max_body_bytes)

    async def _answer(self, exchange: Exchange, request: Request, viewer: Viewer, form: str) -> Reply:
        try:
            answer = await self._answers.answer(request, viewer, exchange.request_id)
        except GatewayError as err:
            status = _status(max(err.status, 400), form)
            return json_reply({"errors": [err.formatted]}, status, form, err.code)
        return json_reply(answer.body, _status(answer.status, form), form, _code(answer.body))


def _status(status: int, form: str) -> int:
    """Under application/json a well-formed request gets 200 even where its document fails, as the draft wants it."""
    return 200 if form == JSON and status == 400 else status


def _code(body: Mapping[str, object]) -> str:
    """The first error's stable code, for the access log."""
    errors = body.get("errors")
    if not isinstance(errors, Sequence) or not errors:
        return "OK"
    extensions = errors[0].get("extensions") or {}
    return str(extensions.get("code", "GRAPHQL"))
