"""Jiangsu's aftercare platform (后续照管): a vendor's REST with Data in base64 and an end of data that is a failure.

The programme takes the province's own households; of others it holds only whom another body entrusted to it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import MetaData, Table, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.agencies import AFTERCARE
from mocks.dirt import Dirt
from mocks.fill import Row, fill, table
from mocks.life import Life, Term
from mocks.places import COUNTIES
from mocks.store import Row as Stored
from mocks.store import Store, application, listed, number
from mocks.world import World
from mocks.writing import day_slashed, during

NO_DATA = "未查询到数据"
MOST = 50

_METADATA = MetaData()
ARCHIVES = table(
    _METADATA,
    "Archives",
    "ArchivesNo",
    "Name IDNumber Sex Phone LeaveDate FacilityName HelpStartDate HelpEndDate CloseDate CloseReason FirstVisitDate"
    " ArchivesState CareLevel HukouArea HukouAreaName CurrentArea CurrentAddress Custodian IsOutProvince UpdateTime",
)
AGREEMENTS = table(_METADATA, "HelpAgreement", "AgreementNo", "ArchivesNo SignDate EndDate OrgCode OrgName")
VISITS = table(_METADATA, "VisitRecord", "VisitNo", "ArchivesNo VisitDate VisitType VisitContent VisitOrg")
_TYPES = {"HOME": "上门", "OFFICE": "来访", "PHONE": "电话", "VIDEO": "视频"}


async def build(world: World, url: str) -> None:
    """Write the archives of everybody whom Jiangsu's aftercare looks after."""
    dirt = Dirt(world, "jiangsu-aftercare")
    own = AFTERCARE["320000"].code
    rows: dict[Table, list[Row]] = {ARCHIVES: [], AGREEMENTS: [], VISITS: []}
    for life in world.lives:
        terms = [term for term in life.terms if term.kind == "AFTERCARE" and term.agency_code == own]
        for turn, term in enumerate(terms if life.domicile.startswith("32") else _entrusted(dirt, life, terms)):
            archive = f"HXZG{life.number:06d}{turn}"
            rows[ARCHIVES].append(_archive(dirt, life, term, archive))
            _follow(rows, life, term, archive)
    await fill(url, _METADATA, rows)


def _entrusted(dirt: Dirt, life: Life, terms: list[Term]) -> list[Term]:
    """托管: of other provinces' households a few are looked after for the office at home."""
    home = f"{COUNTIES[life.domicile]}司法局（模拟）"
    if dirt.random(life, "entrusted").random() < 0.3:
        return [replace(term, custodian=term.custodian or home) for term in terms]
    return [term for term in terms if term.custodian]


def _archive(dirt: Dirt, life: Life, term: Term, archive: str) -> Row:
    left = next(
        (held for held in reversed(life.terms) if held.kind == "COMPULSORY_ISOLATION" and held.ended_on), None
    )
    visits = [happening.on for happening in during(life, term, "visit")]
    return {
        "ArchivesNo": archive,
        "Name": dirt.name(life, old=0.3),
        "IDNumber": dirt.id_number(life),
        "Sex": "女" if life.sex == "FEMALE" else "男",
        "Phone": dirt.filled(life, "Phone", life.phones[-1]),
        "LeaveDate": day_slashed(left.ended_on) if left else dirt.marker(life, "LeaveDate"),
        "FacilityName": left.agency_name if left else None,
        "HelpStartDate": day_slashed(term.starts_on),
        "HelpEndDate": day_slashed(term.due_end_on),
        "CloseDate": day_slashed(term.ended_on),
        "CloseReason": "到期" if term.ended_on else dirt.marker(life, "CloseReason"),
        "ArchivesState": "已结" if term.ended_on else "在帮",
        "FirstVisitDate": day_slashed(min(visits, default=None)),
        "CareLevel": dirt.random(life, "level").choice(("一级", "二级", "三级")),
        "HukouArea": dirt.region(life, life.domicile),
        "HukouAreaName": COUNTIES[life.domicile],
        "CurrentArea": dirt.region(life, life.residence),
        "CurrentAddress": dirt.filled(life, "CurrentAddress", life.residence_address),
        "Custodian": term.custodian or dirt.marker(life, "Custodian"),
        "IsOutProvince": "0" if life.domicile.startswith("32") else "1",
        "UpdateTime": day_slashed(term.ended_on or term.starts_on),
    }


def _follow(rows: dict[Table, list[Row]], life: Life, term: Term, archive: str) -> None:
    for turn, signed in enumerate(during(life, term, "agreement")):
        rows[AGREEMENTS].append(
            {
                "AgreementNo": f"{archive}X{turn}",
                "ArchivesNo": archive,
                "SignDate": day_slashed(signed.on),
                "EndDate": day_slashed(signed.until),
                "OrgCode": signed.agency_code,
                "OrgName": signed.agency_name,
            }
        )
    for turn, visit in enumerate(during(life, term, "visit")):
        rows[VISITS].append(
            {
                "VisitNo": f"{archive}F{turn:02d}",
                "ArchivesNo": archive,
                "VisitDate": day_slashed(visit.on),
                "VisitType": _TYPES[visit.what],
                "VisitContent": visit.text,
                "VisitOrg": visit.agency_name,
            }
        )


def app(url: str) -> ASGIApp:
    """The service."""
    store = Store(url)

    async def every(request: Request) -> Response:
        index = max(1, number(request.query_params.get("pageIndex"), 1))
        size = min(max(1, number(request.query_params.get("pageSize"), 500)), 500)
        rows, _ = await store.page(select(ARCHIVES).order_by(ARCHIVES.c.ArchivesNo), (index - 1) * size, size)
        return _answered(rows)

    async def verify(request: Request) -> Response:
        try:
            sought = json.loads(await request.body())
        except ValueError:
            return _failed("请求参数格式错误")
        wanted = sought.get("IDNumber") if isinstance(sought, dict) else None
        if not wanted:
            return _failed("身份证号不能为空")
        return _answered(await store.rows(select(ARCHIVES).where(ARCHIVES.c.IDNumber == str(wanted))))

    async def detail(request: Request) -> Response:
        target = {"ArchivesInfo": ARCHIVES, "HelpAgreement": AGREEMENTS, "VisitRecord": VISITS}.get(
            request.path_params["name"]
        )
        if target is None:
            return Response(status_code=404)
        wanted = listed(request.query_params.get("ArchivesNo"))
        if len(wanted) > MOST:
            return _failed(f"一次最多查询{MOST}份档案")
        statement = select(target).where(target.c.ArchivesNo.in_(wanted)).order_by(*target.primary_key.columns)
        return _answered(await store.rows(statement))

    return application(
        store,
        [
            Route("/api/AllArchivesInfo", every),
            Route("/api/ArchivesVerify", verify, methods=["POST"]),
            Route("/api/{name}", detail),
        ],
        header="AppKey",
        variable="JIANGSU_AFTERCARE_SECRET",
        refusal=lambda: _failed("AppKey无效"),
    )


def _answered(rows: Sequence[Stored]) -> Response:
    if not rows:
        return _failed(NO_DATA)
    encoded = base64.b64encode(json.dumps(rows, ensure_ascii=False).encode()).decode()
    return JSONResponse({"Success": True, "Msg": "操作成功", "Data": encoded})


def _failed(message: str) -> Response:
    return JSONResponse({"Success": False, "Msg": message, "Data": None})
