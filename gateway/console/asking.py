"""Asking the graph on behalf of whoever is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.console.visit import Visit
from gateway.errors import GatewayError
from gateway.execution.engine import Answer, Request
from gateway.viewer import Viewer


class Graph(Protocol):
    """Answers requests; gateway.execution.engine.Engine is one."""

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        """The answer, on record before it is returned."""
        ...


class Refused(GatewayError):
    """The graph's own refusal, under its own code; a fault of ours where it bears none."""

    code = "INTERNAL"
    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # each refusal of the graph keeps its own


async def ask(visit: Visit, query: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
    """The data of an answer without errors; Refused at its first error, whose text repeats no value."""
    answer = await visit.services.graph.answer(Request(query, None, variables), visit.viewer, visit.request_id)
    errors = answer.body.get("errors")
    if errors:
        raise Refused(answer.code, str(errors[0].get("message", "")))
    data: Mapping[str, Any] = answer.body["data"]
    return data
