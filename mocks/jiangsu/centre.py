"""The rehabilitation centre's own system (戒毒康复所): camelCase JSON, cursor paging, inverted flags, epoch dates."""

from __future__ import annotations

import base64
import binascii
from random import Random

from sqlalchemy import MetaData, Table, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.agencies import REHABILITATION
from mocks.dirt import Dirt
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life, Term
from mocks.store import Row as Stored
from mocks.store import Store, application, listed, number
from mocks.world import World
from mocks.writing import epoch

MOST = 50
TOO_MANY = 4001
BAD_CURSOR = 4002

_METADATA = MetaData()
RESIDENTS = table(
    _METADATA,
    "resident",
    "residentNo",
    "realName identityCard gender birthday phone homeAddress homeCode delFlag updateTime",
)
STAYS = table(
    _METADATA,
    "stay",
    "stayId",
    "residentNo orgCode orgName inDdate inReason planOutDate actualOutDate outReason seamlessJoint receiveDept"
    " stayStatus points",
)
AGREEMENTS = table(_METADATA, "agreement", "agreementId", "residentNo docType signDate endDate orgCode orgName")
VISITS = table(_METADATA, "visit", "visitId", "residentNo visitTime visitWay visitContent orgName")
RETURNS = table(_METADATA, "return_record", "returnId", "residentNo returnTime returnType remark")
_LISTS = {"stays": STAYS, "agreements": AGREEMENTS, "visits": VISITS, "returns": RETURNS}
_OUT_REASONS = {"EXPIRED": "4", "WITHDRAWN": "3", "SERIOUS_VIOLATION": "13"}
_WAYS = {"HOME": "1", "OFFICE": "2", "PHONE": "3", "VIDEO": "4"}


async def build(world: World, url: str) -> None:
    """Write everybody who ever stayed in the centre."""
    dirt = Dirt(world, "jiangsu-centre")
    rows: dict[Table, list[Row]] = {RESIDENTS: [], **{target: [] for target in _LISTS.values()}}
    for life in world.lives:
        stays = [term for term in life.terms if term.kind == "REHABILITATION_STAY"]
        if stays:
            _enter(dirt, rows, life, stays)
    await fill(url, _METADATA, rows)


def _enter(dirt: Dirt, rows: dict[Table, list[Row]], life: Life, stays: list[Term]) -> None:
    resident = f"KF{life.number:06d}"
    rows[RESIDENTS].append(_resident(dirt, life, resident))
    for turn, term in enumerate(stays):
        rows[STAYS].append(_stay(dirt.random(life, f"stay {turn}"), resident, turn, term))
        rows[RETURNS] += _returns(resident, turn, term)
    own = [happening for happening in life.happenings if happening.agency_code == REHABILITATION.code]
    for turn, happening in enumerate(own):
        if happening.kind == "agreement":
            rows[AGREEMENTS].append(_agreement(resident, turn, happening))
        elif happening.kind == "visit":
            rows[VISITS].append(_visit(resident, turn, happening))


def _resident(dirt: Dirt, life: Life, resident: str) -> Row:
    return {
        "residentNo": resident,
        "realName": dirt.name(life, old=0.5),
        "identityCard": dirt.id_number(life),
        "gender": {"MALE": "男", "FEMALE": "女"}[life.sex],
        "birthday": dirt.day(life, "birthday", life.birth_date, "%Y-%m-%d"),
        "phone": "/".join(life.phones),
        "homeAddress": life.residence_address,
        "homeCode": dirt.region(life, life.residence),
        "delFlag": "0",
        "updateTime": epoch(life.terms[-1].ended_on or life.terms[-1].starts_on),
    }


def _stay(random: Random, resident: str, turn: int, term: Term) -> Row:
    left = term.ended_on is not None
    return {
        "stayId": f"{resident}-{turn + 1}",
        "residentNo": resident,
        "orgCode": term.agency_code,
        "orgName": term.agency_name,
        "inDdate": epoch(term.starts_on),
        "inReason": random.choice(("1", "2")),
        "planOutDate": epoch(term.due_end_on),
        "actualOutDate": epoch(term.ended_on),
        "outReason": _OUT_REASONS.get(term.end_reason or "", "14") if left else None,
        "seamlessJoint": random.choice(("0", "0", "1")) if left else None,  # "0" means yes
        "receiveDept": random.choice(("家属", "社区工作站")) if left else "无",
        "stayStatus": ("2" if term.end_reason == "EXPIRED" else "3") if left else "1",
        "points": str(random.randint(55, 98)),
    }


def _returns(resident: str, turn: int, term: Term) -> list[Row]:
    """劝返: somebody who left of their own will is asked back a month later."""
    if term.end_reason != "WITHDRAWN":
        return []
    row = {"returnId": f"{resident}-R{turn + 1}", "residentNo": resident, "returnTime": epoch(term.ended_on)}
    return [{**row, "returnType": "1", "remark": "劝返,本人不愿返所"}]


def _agreement(resident: str, turn: int, happening: Happening) -> Row:
    return {
        "agreementId": f"{resident}-A{turn + 1}",
        "residentNo": resident,
        "docType": "agreement",
        "signDate": epoch(happening.on),
        "endDate": epoch(happening.until),
        "orgCode": happening.agency_code,
        "orgName": happening.agency_name,
    }


def _visit(resident: str, turn: int, happening: Happening) -> Row:
    return {
        "visitId": f"{resident}-V{turn + 1}",
        "residentNo": resident,
        "visitTime": epoch(happening.on),
        "visitWay": _WAYS[happening.what],
        "visitContent": happening.text,
        "orgName": happening.agency_name,
    }


def app(url: str) -> ASGIApp:
    """The service. Business refusals are codes in a 200."""
    store = Store(url)

    async def residents(request: Request) -> Response:
        try:
            after = _after(request.query_params.get("cursor"))
        except ValueError:
            return _refused(BAD_CURSOR, "cursor无效")
        size = min(number(request.query_params.get("limit"), MOST), 200)
        statement = select(RESIDENTS).where(RESIDENTS.c.residentNo > after).order_by(RESIDENTS.c.residentNo)
        if card := request.query_params.get("identityCard"):
            statement = statement.where(RESIDENTS.c.identityCard.in_(listed(card)))
        rows = await store.rows(statement.limit(size + 1))
        return _done(rows[:size], _cursor(rows[size - 1]) if len(rows) > size else None)

    async def batch(request: Request) -> Response:
        return await _of_residents(store, RESIDENTS, request)

    async def history(request: Request) -> Response:
        target = _LISTS.get(request.path_params["name"])
        return await _of_residents(store, target, request) if target is not None else Response(status_code=404)

    return application(
        store,
        [
            Route("/api/v1/residents", residents),
            Route("/api/v1/residents/batch", batch),
            Route("/api/v1/{name}", history),
        ],
        header="X-Api-Key",
        variable="JIANGSU_CENTRE_SECRET",
    )


async def _of_residents(store: Store, target: Table, request: Request) -> Response:
    wanted = listed(request.query_params.get("residentNos"))
    if not wanted or len(wanted) > MOST:
        return _refused(TOO_MANY, f"residentNos应为1至{MOST}个")
    statement = select(target).where(target.c.residentNo.in_(wanted)).order_by(*target.primary_key.columns)
    return _done(await store.rows(statement), None)


def _after(cursor: str | None) -> str:
    if not cursor:
        return ""
    try:
        return base64.b64decode(cursor, altchars="-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as err:
        raise ValueError("cursor") from err


def _cursor(row: Stored) -> str:
    return base64.urlsafe_b64encode((row["residentNo"] or "").encode()).decode()


def _done(rows: list[Stored], cursor: str | None) -> Response:
    return JSONResponse({"code": 0, "data": {"items": rows, "nextCursor": cursor}})


def _refused(code: int, message: str) -> Response:
    return JSONResponse({"code": code, "message": message, "data": None})
