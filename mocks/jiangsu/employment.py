"""Human resources' employment interface (人社): bare XML with Chinese element names round the codes of 金保工程."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from lxml import etree
from sqlalchemy import MetaData, Table, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.dirt import OPEN_END, Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life
from mocks.store import Row as Stored
from mocks.store import Store, application, number
from mocks.world import World
from mocks.writing import EDUCATION, SEX, day8, moment14
from mocks.xml import document_of, texts_of

MOST = 50
DONE, NO_DATA, NOT_ALLOWED, BAD_REQUEST = "OK", "无数据", "1001 未授权", "1002 请求报文错误"

_METADATA = MetaData()
PEOPLE = table(
    _METADATA,
    "AC01_FROMPOLICE",
    "ROW_ID",
    "AAC001 AAC002 AAC003 AAC004 AAC005 AAC006 AAC008 AAC011 AAB301 AAE005 AAE006 AAE036 RYZT JLBZ CXBZ",
)
JOBS = table(_METADATA, "CC10", "CCC001", "AAC001 AAB001 AAB004 CCC002 AAE030 AAE031 AAE036")
UNEMPLOYED = table(_METADATA, "CC20", "CCC201", "AAC001 CCC202 AAE030 AAE031 AAE036")
COURSES = table(_METADATA, "HB01", "HBB001", "AAC001 HBA002 AAE030 AAE031 AAE036")
_SERVICES = {"人员查询": PEOPLE, "就业登记": JOBS, "失业登记": UNEMPLOYED, "职业培训": COURSES}
_FORMS = {"EMPLOYED": "01", "SELF_EMPLOYED": "02"}


async def build(world: World, url: str) -> None:
    """Write everybody who registered for work or a course."""
    dirt = Dirt(world, "jiangsu-employment")
    rows: dict[Table, list[Row]] = {PEOPLE: [], JOBS: [], UNEMPLOYED: [], COURSES: []}
    for life in world.lives:
        own = [happening for happening in life.happenings if happening.kind in ("job", "course")]
        if own:
            person = f"3200{life.number:012d}"
            rows[PEOPLE] += _people(dirt, life, person, own[-1].on)
            for turn, happening in enumerate(own):
                _enter(dirt, rows, life, person, turn, happening)
    await fill(url, _METADATA, rows)


def _people(dirt: Dirt, life: Life, person: str, on: date) -> list[Row]:
    """The copy that the police pass on: the valid row, and now and then one that was written off."""
    row: Row = {
        "ROW_ID": f"{person}-1",
        "AAC001": person,
        "AAC002": dirt.id_number(life),
        "AAC003": dirt.name(life, old=0.2),
        "AAC004": SEX[life.sex],
        "AAC005": life.ethnicity,
        "AAC006": dirt.day(life, "AAC006", life.birth_date, "%Y%m%d"),
        "AAC008": "1",
        "AAC011": EDUCATION[life.education],
        "AAB301": dirt.region(life, life.residence),
        "AAE005": dirt.filled(life, "AAE005", life.phones[0]),
        "AAE006": life.residence_address,
        "AAE036": moment14(on),
        "RYZT": "0",
        "JLBZ": "1",
        "CXBZ": "0",
    }
    written_off = {"ROW_ID": f"{person}-0", "AAC003": life.former_name or life.name, "CXBZ": "1"}
    return [row, {**row, **written_off}] if dirt.strikes(Kind.DELETED, life, 0.1) else [row]


def _enter(
    dirt: Dirt, rows: dict[Table, list[Row]], life: Life, person: str, turn: int, happening: Happening
) -> None:
    number_ = f"{person}{turn:02d}"
    row: Row = {"AAC001": person, "AAE030": dirt.day(life, f"AAE030 {turn}", happening.on, "%Y%m%d")}
    row |= {"AAE031": day8(happening.until), "AAE036": moment14(happening.on)}
    if happening.kind == "course":
        rows[COURSES].append({**row, "HBB001": number_, "HBA002": happening.text})
    elif happening.what == "UNEMPLOYED":
        rows[UNEMPLOYED].append({**row, "CCC201": number_, "CCC202": "11"})
    else:
        end = OPEN_END if happening.until is None and dirt.note(Kind.OPEN_END) else happening.until
        job = {"CCC001": number_, "AAB001": f"91320000{life.number:06d}", "AAB004": happening.text}
        rows[JOBS].append({**row, **job, "AAE031": day8(end), "CCC002": _FORMS.get(happening.what, "01")})


def app(url: str) -> ASGIApp:
    """The service: one address, the root element names nothing, <服务> does."""
    store = Store(url)

    async def serve(request: Request) -> Response:
        root = document_of(await request.body())
        if root is None or root.tag != "请求":
            return _answer(BAD_REQUEST, [], 0)
        values = texts_of(root)
        service = next(iter(values.get("服务", ())), "")
        rows, total = await _serve(store, service, values)
        return _answer(DONE if rows else NO_DATA, rows, total)

    return application(
        store,
        [Route("/jy/interface", serve, methods=["POST"])],
        header="X-Auth-Code",
        variable="JIANGSU_EMPLOYMENT_SECRET",
        refusal=lambda: _answer(NOT_ALLOWED, [], 0),
    )


async def _serve(store: Store, service: str, values: Mapping[str, Sequence[str]]) -> tuple[list[Stored], int]:
    if service == "人员清单":
        page, size = (number(next(iter(values.get(name, ())), None), 50) for name in ("页码", "页大小"))
        return await store.page(select(PEOPLE).order_by(PEOPLE.c.ROW_ID), (max(1, page) - 1) * size, min(size, 200))
    target = _SERVICES.get(service)
    if target is None:
        return [], 0
    statement = select(target).order_by(*target.primary_key.columns)
    columns = [name for name in ("AAC001", "AAC002") if name in target.c and values.get(name)]
    if not columns or len(values[columns[0]]) > MOST:
        return [], 0
    rows = await store.rows(statement.where(*(target.c[name].in_(values[name]) for name in columns)))
    return rows, len(rows)


def _answer(code: str, rows: Sequence[Stored], total: int) -> Response:
    root = etree.Element("响应")
    etree.SubElement(root, "时间").text = "20140308095644"  # the interface's clock was never set
    etree.SubElement(root, "ERR").text = code
    etree.SubElement(root, "总数").text = str(total)
    lines = etree.SubElement(root, "记录集")
    for row in rows:
        line = etree.SubElement(lines, "记录")
        for name, value in row.items():
            etree.SubElement(line, name).text = value
    text = '<?xml version="1.0" encoding="GBK"?>' + etree.tostring(root, encoding="unicode")
    return Response(text.encode("gb18030"), headers={"content-type": "text/xml"})
