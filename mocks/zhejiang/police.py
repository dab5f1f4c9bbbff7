"""Zhejiang police's key-person platform (重点人员): the request service's wire over other columns and other codes."""

from __future__ import annotations

from sqlalchemy import MetaData, Table
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks import wire
from mocks.agencies import POLICE, STATIONS
from mocks.dirt import Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Life, Term
from mocks.people import SUBSTANCES
from mocks.store import Store, application
from mocks.world import World
from mocks.writing import SEX, day8, moment14

PEOPLE_SERVICE = "S10-00003301"
DECISIONS_SERVICE = "S10-00003302"

_METADATA = MetaData()
PEOPLE = table(
    _METADATA,
    "zdry_xdryxxb",
    "zdryid",
    "xm bmch zjhm qtzjhm xbdm csrq mzdm hjdxzqh hjdxz xzdxzqh xzdxz lxdh dpzldm xdfsdm ccxd_rq ccch_rq xdryxzdm"
    " lrrq gxdwdm1 gxdwdm2 fcbz swrq xt_zxbz xt_zhxgsj",
)
DECISIONS = table(
    _METADATA,
    "ws_jdwsb",
    "wsid",
    "zdryid wszldm wsh jdrq jddwdm jddwmc jdqx qsrq jzrq zxdxzqh sdrq xt_zxbz xt_zhxgsj",
)
DRUGS = {
    name: f"{letter}{position:02d}"
    for position, (letter, name) in enumerate(zip("ABBBCD", SUBSTANCES, strict=True), 1)
}
METHODS = {"注射": "Z1", "烫吸": "X1", "鼻吸": "X2", "口服": "K1"}
CONTROL = {
    "UNDER_CONTROL": "A",
    "LOST": "X",
    "CLEAN_UNDER_THREE_YEARS": "B",
    "LIFTED": "C1",
    "ABROAD": "W",
    "DECEASED": "S",
}
_ORDERS = {"COMMUNITY_TREATMENT": "040336", "COMPULSORY_ISOLATION": "040338", "COMMUNITY_RECOVERY": "040343"}
_TERMS = {"COMMUNITY_TREATMENT": "三年", "COMPULSORY_ISOLATION": "2年", "COMMUNITY_RECOVERY": "36"}
_REGISTERS = {
    PEOPLE_SERVICE: wire.Register(
        PEOPLE,
        frozenset({"zdryid", "zjhm"}),
        {"xbdm": {"1": "男", "2": "女"}},
        {"zjhm": "equals", "xm": "equals", "hjdxzqh": "starts", "xzdxzqh": "starts"},
    ),
    DECISIONS_SERVICE: wire.Register(DECISIONS, frozenset({"zdryid", "wsid"}), {}),
}


async def build(world: World, url: str) -> None:
    """Write everybody whom Zhejiang's police ever decided on, or who lives there under control."""
    dirt = Dirt(world, "zhejiang-police")
    rows: dict[Table, list[Row]] = {PEOPLE: [], DECISIONS: []}
    for life in world.held_in("330000"):
        decided = [term for term in life.terms if (term.decision_agency_code or "").startswith("33")]
        person = f"Z33{life.number:08d}"
        rows[PEOPLE].append(_person(dirt, life, person))
        if dirt.strikes(Kind.DELETED, life, 0.05):
            rows[PEOPLE].append({**_person(dirt, life, f"{person}D"), "xt_zxbz": "1"})
        for turn, term in enumerate(decided):
            rows[DECISIONS] += _decisions(dirt, life, term, person, turn)
    await fill(url, _METADATA, rows)


def _person(dirt: Dirt, life: Life, person: str) -> Row:
    second = life.second_id_number or dirt.marker(life, "qtzjhm")
    return {
        "zdryid": person,
        "xm": dirt.name(life, old=0.4, width=30),
        "bmch": life.alias or dirt.marker(life, "bmch"),
        "zjhm": dirt.id_number(life),
        "qtzjhm": second,
        "xbdm": SEX[life.sex],
        "csrq": dirt.day(life, "csrq", life.birth_date, "%Y%m%d"),
        "mzdm": life.ethnicity,
        "hjdxzqh": dirt.region(life, life.domicile),
        "hjdxz": life.domicile_address,
        "xzdxzqh": dirt.region(life, life.residence),
        "xzdxz": dirt.filled(life, "xzdxz", life.residence_address),
        "lxdh": ";".join(life.phones),
        "dpzldm": ",".join(DRUGS[name] for name in life.substances),
        "xdfsdm": dirt.code(life, "xdfsdm", METHODS[life.use_method]),
        "ccxd_rq": dirt.day(life, "ccxd_rq", life.first_used_on, "%Y%m%d"),
        "ccch_rq": dirt.day(life, "ccch_rq", life.first_caught_on, "%Y-%m-%d"),
        "xdryxzdm": CONTROL[life.control_status],
        "lrrq": moment14(life.control_entered_on),
        "gxdwdm1": _controller(life, life.domicile),
        "gxdwdm2": _controller(life, life.residence) if life.residence != life.domicile else None,
        "fcbz": "1" if life.sealed else "0",
        "swrq": day8(life.died_on),
        "xt_zxbz": "0",
        "xt_zhxgsj": moment14(life.control_entered_on or life.first_caught_on),
    }


def _controller(life: Life, county: str) -> str | None:
    """双管辖: the household's and the residence's police may both be responsible."""
    agency = STATIONS.get(county) if life.number % 2 else POLICE.get(county)
    return agency.code if agency else None


def _decisions(dirt: Dirt, life: Life, term: Term, person: str, turn: int) -> list[Row]:
    row: Row = {
        "wsid": f"{person}W{turn:02d}",
        "zdryid": person,
        "wszldm": _ORDERS[term.kind],
        "wsh": term.decision_number,
        "jdrq": dirt.day(life, f"jdrq {turn}", term.decided_on, "%Y%m%d"),
        "jddwdm": term.decision_agency_code,
        "jddwmc": term.decision_agency_name,
        "jdqx": _TERMS[term.kind],
        "qsrq": day8(term.starts_on),
        "jzrq": day8(term.due_end_on),
        "zxdxzqh": term.execution_place,
        "sdrq": day8(term.received_on),
        "xt_zxbz": "0",
        "xt_zhxgsj": moment14(term.decided_on),
    }
    if term.kind != "COMPULSORY_ISOLATION" or term.end_reason != "EARLY_RELEASE":
        return [row]
    early: Row = {"wsid": f"{person}W{turn:02d}T", "wszldm": "040341", "jdrq": day8(term.ended_on), "jdqx": None}
    return [row, {**row, **early, "wsh": None, "qsrq": None, "jzrq": None, "sdrq": None}]


def app(url: str) -> ASGIApp:
    """The service."""
    store = Store(url)

    async def serve(request: Request) -> Response:
        return await wire.answer(request, store, _REGISTERS)

    return application(
        store,
        [Route("/zdry/request", serve, methods=["POST"])],
        header="X-Authorize-Code",
        variable="ZHEJIANG_POLICE_SECRET",
        refusal=lambda: JSONResponse({"PayLoad": {"Code": wire.NOT_AUTHORISED, "Message": "请求方未授权"}}),
    )
