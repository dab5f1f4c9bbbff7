"""Jiangsu police's request service over the household register (户籍): JSON in an envelope, refusals as codes."""

from __future__ import annotations

from sqlalchemy import MetaData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks import wire
from mocks.dirt import Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Life
from mocks.places import COUNTIES
from mocks.store import Store, application
from mocks.world import World
from mocks.writing import EDUCATION, MARITAL, SEX, day8, moment14

SERVICE = "S10-00000321"
SENDER = "C10-00000032"

_METADATA = MetaData()
REGISTER = table(
    _METADATA,
    "HJXX_CZRKJBXXB",
    "RYNBID",
    "GMSFHM XM CYM XB MZ CSRQ WHCD HYZK SSXQ HJDZ HJQFJG LXDH HB HZXM YHZGX RYZT SWRQ JLBZ CXBZ BDSJ",
)
_REGISTERS = {
    SERVICE: wire.Register(
        REGISTER,
        frozenset({"GMSFHM"}),
        {
            "XB": {"1": "男", "2": "女"},
            "RYZT": {"0": "正常", "1": "死亡", "2": "迁出"},
            "SSXQ": COUNTIES,
        },
    )
}


async def build(world: World, url: str) -> None:
    """Write the register of everybody whose household is in Jiangsu, whoever else knows of them."""
    dirt = Dirt(world, "jiangsu-request-service")
    rows: list[Row] = []
    taken: set[str] = set()
    for life in world.lives:
        # of two people who bore one number the register has given the later one another number since
        if life.domicile.startswith("32") and life.id_number and life.id_number not in taken:
            taken.add(life.id_number)
            rows += _rows(dirt, life)
    await fill(url, _METADATA, {REGISTER: rows})


def _rows(dirt: Dirt, life: Life) -> list[Row]:
    current = _row(dirt, life)
    rows = [current]
    if life.former_name:
        rows.append({**current, "RYNBID": f"{current['RYNBID']}A", "XM": life.former_name, "CYM": "", "JLBZ": "0"})
    if life.second_id_number:
        second = {"RYNBID": f"{current['RYNBID']}B", "GMSFHM": life.second_id_number, "CXBZ": "1"}
        rows.append({**current, **second})
    return rows


def _number(dirt: Dirt, life: Life) -> str | None:
    """The register is where numbers come from: it has old ones and odd spellings, but no wrong ones."""
    number = life.id_number
    if number and life.birth_date.year < 2000 and dirt.strikes(Kind.FIFTEEN_DIGITS, life, 0.03):
        return number[:6] + number[8:17]
    if number and number.endswith("X") and dirt.strikes(Kind.LOWER_X, life, 0.3):
        return number.lower()
    return number


def _row(dirt: Dirt, life: Life) -> Row:
    head = next((relative.name for relative in life.family if relative.relation == "PARENT"), life.name)
    return {
        "RYNBID": f"3200{life.number:08d}",
        "GMSFHM": _number(dirt, life),
        "XM": dirt.name(life),
        "CYM": life.former_name or dirt.marker(life, "CYM"),
        "XB": SEX[life.sex],
        "MZ": life.ethnicity,
        "CSRQ": dirt.day(life, "CSRQ", life.birth_date, "%Y%m%d"),
        "WHCD": EDUCATION[life.education],
        "HYZK": MARITAL[life.marital_status],
        "SSXQ": dirt.region(life, life.domicile),
        "HJDZ": life.domicile_address,
        "HJQFJG": f"{COUNTIES[life.domicile]}公安局",
        "LXDH": ",".join(life.phones),
        "HB": "1",
        "HZXM": head,
        "YHZGX": "02" if head == life.name else "20",
        "RYZT": "1" if life.died_on else "0",
        "SWRQ": day8(life.died_on),
        "JLBZ": "1",
        "CXBZ": "0",
        "BDSJ": moment14(life.first_caught_on, life.number),
    }


def app(url: str) -> ASGIApp:
    """The service: POST to one address whatever is asked."""
    store = Store(url)

    async def serve(request: Request) -> Response:
        return await wire.answer(request, store, _REGISTERS)

    return application(
        store,
        [Route("/rbsp/service", serve, methods=["POST"])],
        header="X-Authorize-Code",
        variable="JIANGSU_REQUEST_SERVICE_SECRET",
        refusal=lambda: JSONResponse({"PayLoad": {"Code": wire.NOT_AUTHORISED, "Message": "请求方未授权"}}),
    )
