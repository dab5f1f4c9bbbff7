"""From HTTP to one GraphQL request, by the GraphQL-over-HTTP draft: POST with JSON, GET with a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLSyntaxError, OperationType, get_operation_ast, parse

from gateway.errors import BadRequest
from gateway.execution.engine import Request
from gateway.http.exchange import Exchange
from gateway.http.negotiate import JSON
from gateway.http.refusals import MethodNotAllowed, UnsupportedMediaType

_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PARAMETERS: Final = ("query", "operationName", "variables", "extensions")
_USUAL_TYPES: Final = frozenset({JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=UTF-8", f"{JSON};charset=utf-8"})
_GET_TOKENS: Final = 5_000  # only to find out the operation's type; the engine has its own limit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: with its document, the document's hash, or both."""

    query: str | None
    digest: str | None
    operation_name: str | None
    variables: Mapping[str, object]

    def run(self, text: str) -> Request:
        """The request for the engine, once its text is known."""
        return Request(query=text, operation_name=self.operation_name, variables=self.variables)


async def read_post(exchange: Exchange, limit: int) -> Asked:
    """The request in a JSON body of at most `limit` bytes."""
    _check_content_type(exchange)
    body = await exchange.body(limit)
    if not body.strip():
        raise BadRequest("The request body is empty. Send a JSON object with a 'query'.")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        # The decoder's own words may quote the body; its position does not.
        raise BadRequest(
            f"The request body is not JSON (line {err.lineno}, column {err.colno}). Correct it."
        ) from None
    if isinstance(document, list):
        raise BadRequest("The request body is a list. Batching is not offered: send one operation per request.")
    if not isinstance(document, dict):
        raise BadRequest(f"The request body is {_kind(document)}. Send a JSON object with a 'query'.")
    return read_object(document, "of the request body")


def read_get(exchange: Exchange) -> Asked:
    """The request in the query string."""
    return read_object(_query_string(exchange.query), "of the query string")


def refuse_writes(request: Request) -> None:
    """By GET comes only a query, never a mutation or subscription."""
    try:
        document = parse(request.query, no_location=True, max_lexical_tokens=_GET_TOKENS)
    except GraphQLSyntaxError:
        return  # the engine says what is wrong with the document
    operation = get_operation_ast(document, request.operation_name)
    if operation is not None and operation.operation is not OperationType.QUERY:
        kind = operation.operation.value
        raise MethodNotAllowed(f"A {kind} cannot come by GET. Send it by POST.", "POST")


def _check_content_type(exchange: Exchange) -> None:
    given = exchange.headers.get("content-type")
    if given in _USUAL_TYPES and "content-encoding" not in exchange.headers:
        return
    if given is None:
        raise UnsupportedMediaType(f"The Content-Type header is missing. Send '{JSON}'.")
    media_type, *parameters = (part.strip().lower() for part in given.split(";"))
    if media_type != JSON:
        raise UnsupportedMediaType(f"The Content-Type is not read here. Send '{JSON}'.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            raise UnsupportedMediaType("The Content-Type names a charset that is not read here. Send UTF-8.")
    if exchange.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise UnsupportedMediaType("The Content-Encoding is not read here. Send the body uncompressed.")


def _query_string(raw: bytes) -> dict[str, object]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=16
        )
    except ValueError:  # UnicodeDecodeError is one
        raise BadRequest("The query string cannot be read. Percent-encode it as UTF-8.") from None
    found: dict[str, object] = {}
    for name, value in pairs:
        if name not in _PARAMETERS:
            continue
        if name in found:
            raise BadRequest(f"'{name}' stands twice in the query string. Send it once.")
        if name in {"variables", "extensions"}:
            found[name] = _json_parameter(name, value)
        elif name == "operationName":
            found[name] = value or None
        else:
            found[name] = value
    return found


def _json_parameter(name: str, text: str) -> object:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest(f"'{name}' of the query string is not JSON. Send a JSON object, percent-encoded.") from None


def read_object(document: Mapping[str, object], where: str) -> Asked:
    """The request in an object; `where` says in messages what object that is."""
    digest = _digest(_object(document, "extensions", where))
    query = document.get("query")
    if query is None and digest is None:
        raise BadRequest(f"'query' {where} is missing. Send the GraphQL document as a string.")
    if query is not None and not isinstance(query, str):
        raise BadRequest(f"'query' {where} is {_kind(query)}. Send the GraphQL document as a string.")
    if query is not None and not query.strip():
        raise BadRequest(f"'query' {where} is empty. Send the GraphQL document as a string.")
    operation_name = document.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise BadRequest(f"'operationName' {where} is {_kind(operation_name)}. Send a string or leave it out.")
    return Asked(query, digest, operation_name, _object(document, "variables", where))


def _digest(extensions: Mapping[str, object]) -> str | None:
    """The hash of a persisted query, if the request names one."""
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("version") != 1:
        raise BadRequest("extensions.persistedQuery: only version 1 is read here. Send {version: 1, sha256Hash}.")
    digest = given.get("sha256Hash")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise BadRequest("extensions.persistedQuery.sha256Hash: must be 64 hexadecimal digits. Send SHA-256 in hex.")
    return digest


def _object(document: Mapping[str, object], name: str, where: str) -> Mapping[str, object]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"'{name}' {where} is {_kind(value)}. Send a JSON object or leave it out.")
    return value


def _kind(value: object) -> str:
    """What JSON calls it; never the value itself."""
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names[type(value)]
