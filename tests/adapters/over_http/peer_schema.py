"""A small peer: a Federation 2 subgraph of its own, with pseudonyms, two people and one who is not told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Self

import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from strawberry.asgi import GraphQL
from strawberry.extensions import SchemaExtension

FETCHED = datetime(2026, 3, 1, 8, tzinfo=UTC)


@strawberry.enum
class Sex(Enum):
    MALE = "男"


@strawberry.enum
class Quality(Enum):
    NORMALISED = "已规范化"


@strawberry.type
class Jurisdiction:
    code: str


@strawberry.type
class Source:
    id: strawberry.ID
    jurisdiction: Jurisdiction | None


@strawberry.type
class QualityFlag:
    field: str
    quality: Quality


@strawberry.type
class Place:
    jurisdiction: Jurisdiction


@strawberry.type
class SourcePerson:
    name: str | None = None
    id_number: str | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    phones: list[str] | None = None
    domicile: Place | None = None


@strawberry.type
class SourceRecord:
    record_id: str
    source: Source
    person: SourcePerson | None = None
    as_of: datetime | None = datetime(2025, 5, 1, tzinfo=UTC)
    fetched_at: datetime = FETCHED
    quality: list[QualityFlag] = strawberry.field(default_factory=list)


@strawberry.interface
class Measure:
    starts_on: date | None
    record: SourceRecord


@strawberry.type
class CommunityRecovery(Measure):
    reported_on: date | None


@strawberry.type
class CompulsoryIsolation(Measure):
    phase: str | None


@strawberry.type
class Case:
    measures: list[Measure] | None


@strawberry.type
class CaseEdge:
    node: Case


@strawberry.type
class CaseConnection:
    edges: list[CaseEdge]


def _source(name: str) -> Source:
    return Source(id=strawberry.ID(name), jurisdiction=Jurisdiction(code="330000"))


def _records() -> list[SourceRecord]:
    flags = [QualityFlag(field="name", quality=Quality.NORMALISED)]
    return [
        SourceRecord(
            record_id="ZJ-1",
            source=_source("zhejiang-police"),
            quality=flags,
            person=SourcePerson(
                name="李四",
                id_number="329***********15",
                sex=Sex.MALE,
                birth_date=date(1990, 3, 4),
                phones=["13900000001", "13900000002"],
                domicile=Place(jurisdiction=Jurisdiction(code="330100")),
            ),
        ),
        SourceRecord(
            record_id="ZJ-2", source=_source("zhejiang-aftercare"), person=SourcePerson(name="王五"), as_of=None
        ),
    ]


def _measures() -> list[Measure]:
    return [
        CommunityRecovery(
            starts_on=date(2024, 1, 1),
            reported_on=date(2024, 1, 9),
            record=SourceRecord(record_id="M-1", source=_source("zhejiang-community")),
        ),
        CompulsoryIsolation(
            starts_on=date(2022, 1, 1),
            phase="REORIENTATION",
            record=SourceRecord(record_id="M-2", source=_source("zhejiang-police")),
        ),
    ]


@strawberry.federation.type(keys=["id"])
class Person:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self | None:
        if id == "broken":
            raise GraphQLError("李四 329901199001010015", extensions={"code": "SOURCE_UNAVAILABLE"})
        return cls(id=id) if id.startswith("t") else None

    @strawberry.field
    def records(self) -> list[SourceRecord] | None:
        return _records() if self.id != "t-empty" else []

    @strawberry.field
    def cases(self, first: int = 20) -> CaseConnection | None:
        if self.id == "t-late":
            raise GraphQLError("the community system is down")
        return CaseConnection(edges=[CaseEdge(node=Case(measures=_measures()))][:first])


@strawberry.type
class Query:
    @strawberry.field
    def ping(self) -> str:
        return "pong"


class Withholding(SchemaExtension):
    """Tells what a test wants withheld."""

    told: list[dict[str, Any]] = []  # noqa: RUF012 - set by the test

    def get_results(self) -> dict[str, Any]:
        return {"authorization": self.told} if self.told else {}


class Peer:
    """The peer's application; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        schema = strawberry.federation.Schema(
            query=Query, types=[Person, CommunityRecovery, CompulsoryIsolation], extensions=[Withholding]
        )
        self.app = Starlette(
            routes=[Route("/locator", self._locate, methods=["POST"]), Mount("/", GraphQL(schema, graphql_ide=None))],
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        token = request.headers.get("authorization", "")
        sent = False

        async def again() -> Any:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        if not token.startswith("Bearer signed-for-"):
            error = {"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}
            await JSONResponse({"errors": [error]}, 401)(scope, again, send)
            return
        self.tokens.append(token)
        self.asked.append(await request.json())
        await self.app(scope, again, send)

    async def _locate(self, request: Request) -> Response:
        after = (await request.json())["after"]
        page = (
            {"tokens": ["t1", "t2"], "after": "t2"} if after is None else {"tokens": ["t3", 4, None], "after": None}
        )
        return JSONResponse(page)
