"""A backend for front-ends, written by hand: Starlette and httpx, two fixed answers, no GraphQL at all."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.contenders.apis import Apis, Row

_PERSON = ("id", "name", "sex", "birthDate", "education", "maritalStatus", "phones")
_MEASURE = ("kind", "startsOn", "dueEndOn", "endedOn", "endReason", "status")
_ASSESSMENT = (
    "stage",
    "assessedOn",
    "detoxification",
    "recovery",
    "conduct",
    "socialAdaptation",
    "advised",
)


def _pick(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}


def _place(row: Row, name: str) -> Row:
    region = {"code": row[f"{name}Code"], "name": row[f"{name}Name"]}
    return {"address": row[f"{name}Address"], "jurisdiction": region}


def _measure(row: Row) -> Row:
    shown = {**_pick(row, _MEASURE), "agency": {"code": row["agencyCode"], "name": row["agencyName"]}}
    if row["kind"] == "COMMUNITY_RECOVERY":
        shown |= {"orderedOn": row["orderedOn"], "reportedOn": row["reportedOn"]}
    return shown


def _whole(person: Row, custody: Row, support: Row) -> Row:
    case = {
        "openedOn": custody["openedOn"],
        "stage": custody["stage"],
        "measures": [_measure(row) for row in custody["measures"]],
        "assessments": [_pick(row, _ASSESSMENT) for row in custody["assessments"]],
        "agreements": [
            {**_pick(row, ("kind", "signedOn", "endsOn")), "agency": {"name": row["agencyName"]}}
            for row in custody["agreements"]
        ],
    }
    return {
        **_pick(person, _PERSON),
        "domicile": _place(person, "domicile"),
        "residence": _place(person, "residence"),
        "cases": {"edges": [{"node": case}]},
        "support": {
            "grants": [_pick(row, ("kind", "startedOn", "endedOn", "agencyName")) for row in support["grants"]],
            "employments": [_pick(row, ("status", "employer", "startedOn")) for row in support["employments"]],
        },
    }


def _short(person: Row, custody: Row, support: Row) -> Row:
    measures = [
        {**_pick(row, ("kind", "status", "startsOn")), "agency": {"name": row["agencyName"]}}
        for row in custody["measures"]
    ]
    case = {"openedOn": custody["openedOn"], "stage": custody["stage"], "measures": measures}
    return {
        **_pick(person, _PERSON),
        "residence": _place(person, "residence"),
        "cases": {"edges": [{"node": case}]},
        "support": {
            "grants": [_pick(row, ("kind", "startedOn")) for row in support["grants"]],
            "employments": [_pick(row, ("status", "employer")) for row in support["employments"]],
        },
    }


async def _one(apis: Apis, variables: Row) -> Row:
    ids = [variables["id"]]
    found = await asyncio.gather(*(apis.files(agency, ids) for agency in ("register", "custody", "support")))
    return {"person": _whole(*(rows[0] for rows in found))}


async def _list(apis: Apis, variables: Row) -> Row:
    people = (await apis.living_under(variables["region"]))[: variables["first"]]
    ids = [person["id"] for person in people]
    files = await asyncio.gather(apis.files("custody", ids), apis.files("support", ids))
    nodes = [{"node": _short(*rows)} for rows in zip(people, *files, strict=True)]
    return {"persons": {"edges": nodes}}


def application() -> Any:
    """The ASGI application."""
    apis = Apis()

    async def graphql(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        answer = await (_one if asked["operationName"] == "One" else _list)(apis, asked["variables"])
        return Response(orjson.dumps({"data": answer}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"])])
