"""Speaks Tryton's JSON-RPC, so that GNU Health's own model layer writes and reads in a process of its own."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

Row = dict[str, object]


class RpcError(Exception):
    """The server refused a call; the message says which one and its own words, all about synthetic people."""


class Session:
    """One user of one database; every call is one request over loopback."""

    def __init__(self, port: int, database: str, user: str, password: str) -> None:
        self._port = port
        self._path = f"/{database}/"
        self._authorization: str | None = None
        number, key, *_ = self._call("common.db.login", [user, {"password": password}])
        self._authorization = "Session " + base64.b64encode(f"{user}:{number}:{key}".encode()).decode()

    def create(self, model: str, rows: Sequence[Row]) -> list[int]:
        """New records by the model's own `create`; their ids."""
        return self._call(f"model.{model}.create", [list(rows), {}])

    def write(self, model: str, ids: Sequence[int], values: Row) -> None:
        """Change records by the model's own `write`."""
        self._call(f"model.{model}.write", [list(ids), values, {}])

    def press(self, model: str, button: str, ids: Sequence[int]) -> None:
        """What a user's click on a button of the form does."""
        self._call(f"model.{model}.{button}", [list(ids), {}])

    def read(self, model: str, domain: list[object], fields: Sequence[str]) -> list[Row]:
        """Records as the model layer shows them, function fields and `field.rec_name` included."""
        return self._call(f"model.{model}.search_read", [domain, 0, None, [["id", "ASC"]], list(fields), {}])

    def _call(self, method: str, params: list[object]) -> Any:  # whatever the server says
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_plain)
        headers = {"Content-Type": "application/json"}
        if self._authorization is not None:
            headers["Authorization"] = self._authorization
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise RpcError(f"{method}: HTTP {answer.status}: {text[:300]}")
        document = json.loads(text, object_hook=_rich)
        if document.get("error"):
            raise RpcError(f"{method}: {document['error']}")
        return document["result"]


def _plain(value: object) -> Mapping[str, object]:
    """Tryton's way of writing a day and a moment."""
    if isinstance(value, datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} has no form in JSON-RPC")


def _rich(node: dict[str, Any]) -> object:
    """ISO text, as the record of what was said is kept in JSON."""
    parts = {name: value for name, value in node.items() if name != "__class__"}
    if node.get("__class__") == "datetime":
        return datetime(**parts).isoformat()
    if node.get("__class__") == "date":
        return date(**parts).isoformat()
    return node
