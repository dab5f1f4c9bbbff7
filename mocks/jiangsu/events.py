"""The community stations' event feed (社区戒毒社区康复事件推送): six-digit notification types, offset paging."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import MetaData, Table, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.dirt import Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life, Term
from mocks.store import Statement, Store, application, listed, number
from mocks.world import World
from mocks.writing import moment14

_METADATA = MetaData()
USERS = table(_METADATA, "users", "userId", "idCard userName phone userStatusName isDel updateTime")
EVENTS = table(_METADATA, "notifications", "eventId", "userId notificationType eventTime title isDel pushTime")
_COMMUNITY = ("COMMUNITY_TREATMENT", "COMMUNITY_RECOVERY")
_TITLES = {
    "100004": "社区戒毒报到登记",
    "100005": "社区戒毒逾期未报到",
    "100006": "社区戒毒定期检测",
    "100008": "社区康复报到登记",
    "100009": "社区康复逾期未报到",
    "100010": "社区康复定期检测",
    "110002": "严重违反协议",
    "130001": "强制隔离戒毒出所",
    "150003": "报到提醒",
    "160001": "警综法律文书(解除)",
    "160002": "警综法律文书(社区康复)",
    "170001": "执行地变更",
    "199999": "其他推送",
}
_TYPES = {  # what happened -> type during community treatment, during recovery
    "REPORTED": ("100004", "100008"),
    "NOT_REPORTED": ("100005", "100009"),
    "VIOLATED": ("110002", "110002"),
    "TRANSFERRED": ("170001", "170001"),
    "ENDED": ("160001", "160001"),
}


async def build(world: World, url: str) -> None:
    """Write a feed for everybody who is or was ordered to a Jiangsu community station."""
    dirt = Dirt(world, "jiangsu-community-events")
    rows: dict[Table, list[Row]] = {USERS: [], EVENTS: []}
    for life in world.lives:
        terms = [term for term in life.terms if term.kind in _COMMUNITY and term.agency_code.startswith("32")]
        if terms:
            user = f"{100000 + life.number}"
            rows[USERS].append(_user(dirt, life, terms, user))
            rows[EVENTS] += _feed(dirt, life, terms, user, world.today)
    await fill(url, _METADATA, rows)


def _user(dirt: Dirt, life: Life, terms: list[Term], user: str) -> Row:
    last = terms[-1]
    status = "社区康复中" if last.kind == "COMMUNITY_RECOVERY" else "社区戒毒中"
    if last.ended_on:
        status = "社戒社康终止"
    elif last.reported_on is None:
        status = "未报到未移交"
    return {
        "userId": user,
        "idCard": dirt.id_number(life),
        "userName": dirt.name(life),
        "phone": life.phones[0],
        "userStatusName": status,
        "isDel": "0",
        "updateTime": moment14(last.reported_on or last.decided_on),
    }


def _feed(dirt: Dirt, life: Life, terms: list[Term], user: str, today: date) -> list[Row]:
    found = [pair for pair in _happened(life, terms) if pair[0] <= today]
    rows = [_event(user, turn, code, on) for turn, (on, code) in enumerate(sorted(found))]
    if rows and dirt.strikes(Kind.DELETED, life, 0.1):  # sent twice, and the second one withdrawn
        rows.append({**rows[-1], "eventId": f"{user}-90", "isDel": "1"})
    if dirt.strikes(Kind.UNKNOWN_CODE, life, 0.1):  # a type that no list explains
        rows.append(_event(user, 91, "199999", terms[0].decided_on or today))
    return rows


def _happened(life: Life, terms: list[Term]) -> Iterator[tuple[date, str]]:
    stations = {term.agency_code for term in terms}
    for happening in life.happenings:
        if happening.agency_code in stations and (code := _type(happening, terms)):
            yield happening.on, code
    for term in terms:
        if term.ordered_on and term.received_on:
            yield term.received_on, "160002"
            yield term.received_on + timedelta(days=8), "150003"
    for term in life.terms:
        if term.kind == "COMPULSORY_ISOLATION" and term.ended_on and term.end_reason != "DIED":
            yield term.ended_on, "130001"


def _type(happening: Happening, terms: list[Term]) -> str | None:
    recovery = any(
        term.kind == "COMMUNITY_RECOVERY" and happening.on >= (term.received_on or happening.on) for term in terms
    )
    if happening.kind == "event" and happening.what in _TYPES:
        return _TYPES[happening.what][recovery]
    if happening.kind == "test" and happening.result != "NEGATIVE":
        return "100010" if recovery else "100006"
    return None


def _event(user: str, turn: int, code: str, on: date) -> Row:
    return {
        "eventId": f"{user}-{turn:02d}",
        "userId": user,
        "notificationType": code,
        "eventTime": moment14(on, 8 + turn % 9),
        "title": _TITLES[code],
        "isDel": "0",
        "pushTime": moment14(on + timedelta(days=1), 2),
    }


def app(url: str) -> ASGIApp:
    """The service."""
    store = Store(url)

    async def users(request: Request) -> Response:
        statement = select(USERS).order_by(USERS.c.userId)
        for column in ("userId", "idCard"):
            if wanted := listed(request.query_params.get(column)):
                statement = statement.where(USERS.c[column].in_(wanted))
        return await _page(store, statement, request, "users")

    async def events(request: Request) -> Response:
        statement = select(EVENTS).order_by(EVENTS.c.eventTime, EVENTS.c.eventId)
        wanted = listed(request.query_params.get("userId"))
        if not wanted:
            return JSONResponse({"status": "fail", "errCode": "E1002", "errMsg": "缺少userId"})
        return await _page(store, statement.where(EVENTS.c.userId.in_(wanted)), request, "events")

    return application(
        store,
        [Route("/push/users", users), Route("/push/events", events)],
        header="X-App-Token",
        variable="JIANGSU_COMMUNITY_EVENTS_SECRET",
        refusal=lambda: JSONResponse({"status": "fail", "errCode": "E1001", "errMsg": "token无效"}),
    )


async def _page(store: Store, statement: Statement, request: Request, name: str) -> Response:
    offset = number(request.query_params.get("offset"), 0)
    limit = min(number(request.query_params.get("limit"), 100), 500)
    rows, total = await store.page(statement, offset, limit)
    return JSONResponse({"status": "success", "count": total, name: rows})
