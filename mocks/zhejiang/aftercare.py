"""Zhejiang's aftercare platform (后续照管): numbered pages that repeat the last one for ever, codes in a 200."""

from __future__ import annotations

from sqlalchemy import MetaData, Table, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.agencies import AFTERCARE
from mocks.dirt import Dirt
from mocks.fill import Row, fill, table
from mocks.life import Life, Term
from mocks.store import Store, application, listed, number
from mocks.world import World
from mocks.writing import day10, day_in_words, during

MOST = 100

_METADATA = MetaData()
PEOPLE = table(
    _METADATA,
    "hxzg_dx",
    "dxbh",
    "xm sfzhm xb csrq lxdh hjdm jzdm jzdz bjqsrq bjjzrq bjjsrq jsyy tgdw zt del_flag update_time",
)
AGREEMENTS = table(_METADATA, "hxzg_xy", "xybh", "dxbh xylx qdrq dqrq qddw del_flag")
VISITS = table(_METADATA, "hxzg_zf", "zfbh", "dxbh zfrq zffs zfqk zfdw del_flag")
_WAYS = {"HOME": "smzf", "OFFICE": "lzmt", "PHONE": "dhzf", "VIDEO": "spzf"}


async def build(world: World, url: str) -> None:
    """Write everybody whom Zhejiang's aftercare looks after, other provinces' households included."""
    dirt = Dirt(world, "zhejiang-aftercare")
    own = AFTERCARE["330000"].code
    rows: dict[Table, list[Row]] = {PEOPLE: [], AGREEMENTS: [], VISITS: []}
    for life in world.lives:
        for turn, term in enumerate(term for term in life.terms if term.agency_code == own):
            person = f"33{life.number:07d}{turn}"
            rows[PEOPLE].append(_person(dirt, life, term, person))
            _follow(dirt, rows, life, term, person)
    await fill(url, _METADATA, rows)


def _person(dirt: Dirt, life: Life, term: Term, person: str) -> Row:
    return {
        "dxbh": person,
        "xm": dirt.name(life),
        "sfzhm": dirt.id_number(life),
        "xb": "女" if life.sex == "FEMALE" else "男",
        "csrq": day_in_words(life.birth_date),
        "lxdh": "、".join(life.phones),
        "hjdm": dirt.region(life, life.domicile),
        "jzdm": dirt.region(life, life.residence),
        "jzdz": dirt.filled(life, "jzdz", life.residence_address),
        "bjqsrq": dirt.day(life, "bjqsrq", term.starts_on, "%Y-%m-%d"),
        "bjjzrq": day10(term.due_end_on),
        "bjjsrq": day10(term.ended_on),
        "jsyy": "期满" if term.ended_on else dirt.marker(life, "jsyy"),
        "tgdw": term.custodian or dirt.marker(life, "tgdw"),
        "zt": "yjs" if term.ended_on else "bjz",
        "del_flag": "0",
        "update_time": f"{day10(term.ended_on or term.starts_on)} 10:00:00",
    }


def _follow(dirt: Dirt, rows: dict[Table, list[Row]], life: Life, term: Term, person: str) -> None:
    for turn, signed in enumerate(during(life, term, "agreement")):
        dates = {"qdrq": day10(signed.on), "dqrq": day10(signed.until)}
        row: Row = {"xybh": f"{person}X{turn}", "dxbh": person, "xylx": "bjxy", "qddw": signed.agency_name}
        rows[AGREEMENTS].append({**row, **dates, "del_flag": "0"})
    for turn, visit in enumerate(during(life, term, "visit")):
        day = dirt.day(life, f"zfrq {turn}", visit.on, "%Y-%m-%d")
        row = {"zfbh": f"{person}Z{turn:02d}", "dxbh": person, "zfrq": day, "zffs": _WAYS[visit.what]}
        rows[VISITS].append({**row, "zfqk": visit.text, "zfdw": visit.agency_name, "del_flag": "0"})


def app(url: str) -> ASGIApp:
    """The service."""
    store = Store(url)
    lists = {"dx": PEOPLE, "xy": AGREEMENTS, "zf": VISITS}

    async def page(request: Request) -> Response:
        target = lists.get(request.path_params["name"])
        if target is None:
            return JSONResponse({"code": 404, "msg": "接口不存在"})
        statement = select(target).order_by(*target.primary_key.columns)
        for name in ("dxbh", "sfzhm"):
            if name in target.c and (wanted := listed(request.query_params.get(name))):
                if len(wanted) > MOST:
                    return JSONResponse({"code": 500, "msg": f"一次最多查询{MOST}人"})
                statement = statement.where(target.c[name].in_(wanted))
        size = min(max(1, number(request.query_params.get("pageSize"), 10)), MOST)
        _, total = await store.page(statement, 0, 0)
        last = max(1, -(-total // size))
        asked = min(max(1, number(request.query_params.get("pageNum"), 1)), last)
        rows, _ = await store.page(statement, (asked - 1) * size, size)
        return JSONResponse({"code": 200, "msg": "查询成功", "rows": rows, "total": total})

    return application(
        store,
        [Route("/prod-api/hxzg/{name}/list", page)],
        header="Token",
        variable="ZHEJIANG_AFTERCARE_SECRET",
        refusal=lambda: JSONResponse({"code": 401, "msg": "认证失败,无法访问系统资源"}),
    )
