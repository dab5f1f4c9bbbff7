"""The engine: a request and its viewer in, an answer out. The access is on record before the answer is released."""

from __future__ import annotations

import logging
import time
from asyncio import get_running_loop, sleep
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType

from adapters.contract import Call, Deadline, PeerRequest
from gateway.audit.caller import caller_of
from gateway.audit.record import AccessRecord, SourceOutcome
from gateway.authorization.in_force import keeping
from gateway.errors import BadArgument, GatewayError
from gateway.execution.accesses import Oversight
from gateway.execution.cursor import Cursors
from gateway.execution.document import Document, Documents, choose
from gateway.execution.executor import Executor
from gateway.execution.people import House, People
from gateway.execution.plan import Plan
from gateway.execution.reader import RequestReader
from gateway.execution.trace import Trace
from gateway.registers.desk import Office, RequestDesk, Visit
from gateway.sources.reading import Problem
from gateway.viewer import Viewer
from gateway.written import encode

log = logging.getLogger("yiti.execution")

Assertions = Callable[[Viewer, PeerRequest, str], str]  # viewer, request to a peer, request id -> signed token
Find = Callable[[str, str], str | None]  # document kind, number -> pseudonym


@dataclass(frozen=True, slots=True)
class Request:
    """One GraphQL request, as read from HTTP."""

    query: str
    operation_name: str | None
    variables: Mapping[str, object]


class Answer:
    """The response object as it is sent, written once, and the HTTP status that fits it."""

    __slots__ = ("code", "content", "status")

    def __init__(self, body: Mapping[str, object], status: int = 200) -> None:
        self.content = encode(body)
        """JSON, UTF-8."""
        self.code = _code(body)
        """OK, or the first error's stable code; for the log of requests."""
        self.status = status

    @property
    def body(self) -> Mapping[str, Any]:
        """What a client reads of it."""
        found: Mapping[str, Any] = orjson.loads(self.content)
        return found


def _code(body: Mapping[str, object]) -> str:
    errors = body.get("errors")
    if not isinstance(errors, Sequence) or not errors:
        return "OK"
    extensions = errors[0].get("extensions") or {}
    return str(extensions.get("code", "GRAPHQL"))


@dataclass(slots=True)
class Context:
    """What resolvers find as `info.context`."""

    reader: RequestReader
    plans: dict[int, Plan] = field(default_factory=dict)  # by root field; the executor keeps them with the operation
    open_desk: Callable[[Context], RequestDesk] | None = None
    kept: RequestDesk | None = None

    @property
    def desk(self) -> RequestDesk:
        """The gateway's own registers, for this request; opened when it is first asked for."""
        if self.kept is None:
            if self.open_desk is None:
                raise BadArgument("This gateway keeps no registers. Ask its operator for consents and emergencies.")
            self.kept = self.open_desk(self)
        return self.kept


def left_of(passed: float, step: float) -> float:
    """How long it is to the next multiple of a step, in seconds."""
    return step - passed % step


class Engine:
    """Answers requests, one Trace each."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        house: House,
        oversight: Oversight,
        cursors: Cursors,
        find: Find,
        assertions: Assertions | None,
        jurisdiction: str,
        deadline_seconds: float = 3.0,
        unshown_seconds: float = 0.0,
        introspection: bool = True,
        today: Callable[[], date] = date.today,
        reference: bool = False,
        documents: Documents | None = None,
        office: Office | None = None,
    ) -> None:
        self._schema = schema
        self._office = office
        self._documents = documents or Documents(schema, introspection=introspection)
        self._executor = Executor(schema, reference=reference)
        self._house = house
        self._audit = oversight.log
        self._oversight = oversight
        self._cursors = cursors
        self._find = find
        self._assertions = assertions
        self._jurisdiction = jurisdiction
        self._deadline_seconds = deadline_seconds
        self._unshown_seconds = unshown_seconds
        self._today = today

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        """The answer; raises only GatewayError: what is wrong with the request, or AUDIT_UNAVAILABLE."""
        with keeping(self._house.authorizer):
            return await self._answer(request, viewer, request_id)

    async def _answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        started = time.perf_counter()
        document = self._documents.get(request.query)
        operation = choose(document, request.operation_name)
        document.signature(operation).check(request.variables)
        document.costs.check(operation, request.variables)
        trace = Trace()
        result = await self._execute(document, operation, request, viewer, request_id, trace)
        answer = Answer(self._body(result, trace, request_id))
        record = self._record(document, operation, viewer, request_id, trace, result, started)
        await self._audit.append(record, answer.content)
        if trace.unshown and self._unshown_seconds:
            await sleep(left_of(time.perf_counter() - started, self._unshown_seconds))
        return answer

    async def _execute(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        request: Request,
        viewer: Viewer,
        request_id: str,
        trace: Trace,
    ) -> ExecutionResult:
        context = Context(self._reader(viewer, request_id, trace))
        if self._office is not None:
            context.open_desk = partial(self._desk, self._office, viewer, request_id, trace)
        result = await self._executor.run(document, operation, request.variables, context)
        if any(told.decision.facts.break_glass for told in trace.shown):
            await context.desk.put_use_on_record()
        return result

    def _reader(self, viewer: Viewer, request_id: str, trace: Trace) -> RequestReader:
        return RequestReader(
            self._house,
            viewer,
            self._call(viewer, request_id),
            trace,
            oversight=self._oversight,
            cursors=self._cursors,
            find=self._find,
            today=self._today(),
        )

    def _desk(self, office: Office, viewer: Viewer, request_id: str, trace: Trace, context: Context) -> RequestDesk:
        def renew() -> None:
            context.reader = self._reader(viewer, request_id, trace)

        today = self._today()
        people = People(self._house, viewer, self._call(viewer, request_id), trace, today)
        return RequestDesk(
            office, Visit(viewer, request_id, people, trace, today, self._cursors, context.reader.counted, renew)
        )

    def _call(self, viewer: Viewer, request_id: str) -> Call:
        mint = self._assertions
        return Call(
            request_id=request_id,
            actor=viewer.subject,
            agency=viewer.agency,
            purpose=viewer.purpose,
            deadline=Deadline(get_running_loop().time() + self._deadline_seconds),
            assertion=None if mint is None else lambda request: mint(viewer, request, request_id),
        )

    def _record(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        viewer: Viewer,
        request_id: str,
        trace: Trace,
        result: ExecutionResult,
        started: float,
    ) -> AccessRecord:
        # A refused change may concern somebody who is known: it is no access to them.
        changed_nothing = operation.operation is OperationType.MUTATION and not any((result.data or {}).values())
        refused = bool(result.errors) and (not trace.persons or changed_nothing)
        return AccessRecord(
            at=datetime.now(UTC),
            request_id=request_id,
            **caller_of(viewer),
            clearance=viewer.cleared,
            operation=operation.name.value if operation.name else "anonymous",
            operation_hash=document.text_hash,
            persons=tuple(trace.persons),
            fields=trace.fields(),
            sources=tuple(SourceOutcome(name, code, ms) for (name, code), ms in trace.outcomes.items()),
            outcome="REFUSED" if refused else trace.outcome(),
            policy_version=self._house.authorizer.policy_version,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            jurisdiction=self._jurisdiction,
        )

    def _body(self, result: ExecutionResult, trace: Trace, request_id: str) -> dict[str, object]:
        errors = [_safe(error, request_id) for error in result.errors or ()]
        errors += [_problem(problem) for problem in trace.problems.values()]
        body: dict[str, object] = {"data": result.data}
        if errors:
            body["errors"] = errors
        extensions = trace.extensions()
        if extensions:
            body["extensions"] = extensions
        return body


def _problem(problem: Problem) -> dict[str, object]:
    """One error per source that did not deliver; its fields are null, the rest of the answer stands."""
    return {
        "message": f"{problem.message} Its fields are null.",
        "extensions": {
            "code": f"SOURCE_{problem.code}",
            "source": problem.source,
            "entities": list(problem.entities),
        },
    }


def _safe(error: GraphQLError, request_id: str) -> dict[str, object]:
    """An error as it may be shown: ours as it is, anything unforeseen without a word of it."""
    original: Any = error.original_error
    if isinstance(error, GatewayError) or isinstance(original, GatewayError):
        return dict(error.formatted)
    shown: dict[str, object] = {"path": list(error.path or ())}
    if original is None or isinstance(original, GraphQLError):
        extensions = (original or error).extensions
        if extensions and "code" in extensions:  # said by the schema itself, which repeats no value
            return dict(error.formatted)
        return {
            "message": "An argument holds a value that its type cannot take. Compare it with the schema.",
            "extensions": {"code": "BAD_ARGUMENT"},
            **shown,
        }
    frames = []
    trace = original.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("request %s failed: %s at %s", request_id, type(original).__name__, " > ".join(frames[-6:]))
    return {
        "message": f"Something went wrong here, not in your request. Report request {request_id} to the operator.",
        "extensions": {"code": "INTERNAL", "requestId": request_id},
        **shown,
    }
