"""The GraphQL endpoint: who asks, in which form, and with which status the answer goes back."""

from __future__ import annotations

from typing import Final

from gateway.errors import GatewayError
from gateway.http.bearer import challenge, read_token
from gateway.http.events import EventStream
from gateway.http.exchange import Answering, Exchange, Reply, error_reply, json_reply
from gateway.http.negotiate import EVENTS, GRAPHQL, HTML, JSON, choose
from gateway.http.operations import Check, Operations
from gateway.http.reading import Asked, read_get, read_post, refuse_writes
from gateway.http.refusals import MethodNotAllowed, NotAcceptable
from gateway.viewer import Viewer

_FORMS: Final = (JSON, GRAPHQL, EVENTS)


class GraphQLEndpoint:
    """Serves /graphql; `page` is the query editor, where it is switched on."""

    def __init__(self, operations: Operations, *, max_body_bytes: int, page: Reply | None = None) -> None:
        self._operations = operations
        self._max_body_bytes = max_body_bytes
        self._page = page

    async def __call__(self, exchange: Exchange) -> Answering:
        """One request; every refusal has the form that the caller reads."""
        form = self._form(exchange)
        if form == HTML and self._page is not None:
            return self._page
        try:
            viewer = await self._operations.admit(read_token(exchange), exchange.sent(self._max_body_bytes))
            asked = await self._read(exchange)
        except GatewayError as err:
            return error_reply(err, JSON if form == EVENTS else form, challenge(err))
        if form == EVENTS:
            return EventStream(self._operations.results(asked, viewer, exchange.request_id, _check(exchange)))
        return await self._answer(exchange, asked, viewer, form)

    def _form(self, exchange: Exchange) -> str:
        offers = (*_FORMS, HTML) if exchange.method == "GET" and self._page is not None else _FORMS
        form = choose(exchange.headers.get("accept"), offers, JSON)
        if form is None:
            raise NotAcceptable(
                f"The Accept header takes nothing that is written here. Accept '{GRAPHQL}' or '{JSON}'."
            )
        return form

    async def _read(self, exchange: Exchange) -> Asked:
        if exchange.method == "GET":
            return read_get(exchange)
        return await read_post(exchange, self._max_body_bytes)

    async def _answer(self, exchange: Exchange, asked: Asked, viewer: Viewer, form: str) -> Reply:
        try:
            answer = await self._operations.answer(asked, viewer, exchange.request_id, _check(exchange))
        except MethodNotAllowed as err:
            return error_reply(err, form)
        except GatewayError as err:
            status = _status(max(err.status, 400), form)
            return json_reply({"errors": [err.formatted]}, status, form, err.code)
        return Reply(_status(answer.status, form), answer.content, f"{form}; charset=utf-8", code=answer.code)


def _check(exchange: Exchange) -> Check | None:
    return refuse_writes if exchange.method == "GET" else None


def _status(status: int, form: str) -> int:
    """Under application/json a well-formed request gets 200 even where its document fails, as the draft wants it."""
    return 200 if form == JSON and status == 400 else status
