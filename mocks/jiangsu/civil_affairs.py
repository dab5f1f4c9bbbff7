"""Civil affairs' relief interface (民政): SOAP 1.1 by household, in GB18030 that calls itself GB2312."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lxml import etree
from sqlalchemy import FromClause, MetaData, Table, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.agencies import CIVIL_AFFAIRS
from mocks.dirt import OPEN_END, Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life
from mocks.places import COUNTIES
from mocks.store import Row as Stored
from mocks.store import Statement, Store, application, number
from mocks.world import World
from mocks.writing import day8, month7
from mocks.xml import body_of, texts_of

NAMESPACE = "urn:jiangsu:mz:sam"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MOST = 50

_METADATA = MetaData()
FAMILIES = table(
    _METADATA,
    "BASEINFO_FAMILY",
    "FAMILY_ID",
    "FAMILY_NAME FAMILY_CARD_NO CARD_NO DOMICILE_CODE DOMICILE_NAME ADDRESS BANK ACCOUNT_NUMBER ACCOUNT_STATUS",
)
MEMBERS = table(
    _METADATA, "SAM_MEMBER", "MEMBER_ID", "FAMILY_ID NAME CARD_NO SEX BIRTHDAY PHONE RELATION UPDATE_DATE"
)
ASSISTANCE = table(
    _METADATA, "SAM_ASSISTANCE", "ASSIST_ID", "FAMILY_ID ASSISTANCE_TYPE BEGIN_DATE END_DATE ORG_NAME STATUS"
)
_TYPES = {"MINIMUM_LIVING": "01", "MEDICAL_AID": "04", "TEMPORARY_RELIEF": "05"}
_RELATIONS = {"SPOUSE": "10", "CHILD": "20", "PARENT": "50", "SIBLING": "70", "OTHER": "97"}


async def build(world: World, url: str) -> None:
    """Write the households that were ever helped, all their members included."""
    dirt = Dirt(world, "jiangsu-civil-affairs")
    rows: dict[Table, list[Row]] = {FAMILIES: [], MEMBERS: [], ASSISTANCE: []}
    for life in world.lives:
        grants = [happening for happening in life.happenings if happening.kind == "grant"]
        if grants:
            _enter(dirt, rows, life, grants)
    await fill(url, _METADATA, rows)


def _enter(dirt: Dirt, rows: dict[Table, list[Row]], life: Life, grants: list[Happening]) -> None:
    family = f"JZ{life.residence}{life.number:06d}"
    head = next((relative.name for relative in life.family if relative.relation in ("PARENT", "SPOUSE")), None)
    card = dirt.id_number(life)
    rows[FAMILIES].append(
        {
            "FAMILY_ID": family,
            "FAMILY_NAME": head or life.name,
            "FAMILY_CARD_NO": dirt.marker(life, "head") if head else card,
            "CARD_NO": f"DB{life.number:08d}",
            "DOMICILE_CODE": dirt.region(life, life.domicile),
            "DOMICILE_NAME": COUNTIES[life.domicile],
            "ADDRESS": life.residence_address,
            "BANK": "虚构银行",
            "ACCOUNT_NUMBER": f"6200000000{life.number:06d}",
            "ACCOUNT_STATUS": "1",
        }
    )
    rows[MEMBERS].append(_applicant(dirt, life, family, card, grants[-1]))
    for turn, relative in enumerate(life.family, 2):
        relation = {"RELATION": _RELATIONS[relative.relation], "PHONE": relative.phone}
        rows[MEMBERS].append(
            {"MEMBER_ID": f"{family}{turn:02d}", "FAMILY_ID": family, "NAME": relative.name, **relation}
        )
    rows[ASSISTANCE] += [_grant(dirt, life, family, turn, grant) for turn, grant in enumerate(grants)]


def _applicant(dirt: Dirt, life: Life, family: str, card: str | None, last: Happening) -> Row:
    return {
        "MEMBER_ID": f"{family}01",
        "FAMILY_ID": family,
        "NAME": dirt.name(life),
        "CARD_NO": card,
        "SEX": {"MALE": "男", "FEMALE": "女"}[life.sex],
        "BIRTHDAY": dirt.day(life, "BIRTHDAY", life.birth_date, "%Y-%m-%d"),
        "PHONE": dirt.filled(life, "PHONE", life.phones[0]),
        "RELATION": "01",
        "UPDATE_DATE": day8(last.on),
    }


def _grant(dirt: Dirt, life: Life, family: str, turn: int, grant: Happening) -> Row:
    open_end = grant.until is None and dirt.note(Kind.OPEN_END)
    return {
        "ASSIST_ID": f"{family}J{turn}",
        "FAMILY_ID": family,
        "ASSISTANCE_TYPE": dirt.code(life, "ASSISTANCE_TYPE", _TYPES[grant.what]),
        "BEGIN_DATE": month7(grant.on),
        "END_DATE": month7(OPEN_END) if open_end else month7(grant.until),
        "ORG_NAME": CIVIL_AFFAIRS.name,
        "STATUS": "1",
    }


_PERSON = select(
    MEMBERS,
    FAMILIES.c.FAMILY_NAME,
    FAMILIES.c.DOMICILE_CODE,
    FAMILIES.c.DOMICILE_NAME,
    FAMILIES.c.ADDRESS,
).join(FAMILIES, FAMILIES.c.FAMILY_ID == MEMBERS.c.FAMILY_ID)
_ASKED = MEMBERS.alias("asked")
_GRANTS = select(_ASKED.c.MEMBER_ID, ASSISTANCE).join(ASSISTANCE, ASSISTANCE.c.FAMILY_ID == _ASKED.c.FAMILY_ID)
_KIN = select(
    _ASKED.c.MEMBER_ID.label("OF_MEMBER"), MEMBERS.c.MEMBER_ID, MEMBERS.c.NAME, MEMBERS.c.RELATION, MEMBERS.c.PHONE
).join(MEMBERS, MEMBERS.c.FAMILY_ID == _ASKED.c.FAMILY_ID)
_QUERIES: Mapping[str, tuple[Statement, FromClause]] = {
    "QueryMember": (_PERSON, MEMBERS),
    "QueryAssistance": (_GRANTS, _ASKED),
    "QueryRelation": (_KIN.where(MEMBERS.c.MEMBER_ID != _ASKED.c.MEMBER_ID), _ASKED),
}


def app(url: str) -> ASGIApp:
    """The service: one address, the operation is the element in the Body."""
    store = Store(url)

    async def serve(request: Request) -> Response:
        sought = body_of(await request.body(), SOAP)
        if sought is None:
            return _fault("soap:Client", "报文不是SOAP 1.1")
        operation = etree.QName(sought).localname
        values = texts_of(sought)
        if operation == "QueryMemberList":
            rows, total = await _listed(store, values)
        elif operation in _QUERIES:
            wanted = [*values.get("MEMBER_ID", ()), *values.get("CARD_NO", ())]
            if not 0 < len(wanted) <= MOST:
                return _answer(operation, "0", f"查询条件应为1至{MOST}个", [], 0)
            rows = await _found(store, operation, values)
            total = len(rows)
        else:
            return _fault("soap:Client", "操作不存在")
        return _answer(operation, "1", "成功", rows, total)

    return application(
        store,
        [Route("/services/SamService", serve, methods=["POST"])],
        header="X-Access-Key",
        variable="JIANGSU_CIVIL_AFFAIRS_SECRET",
        refusal=lambda: _fault("soap:Client", "未授权", 403),
    )


async def _listed(store: Store, values: Mapping[str, Sequence[str]]) -> tuple[list[Stored], int]:
    """Members with a number of their own; other members of a household are known by name only."""
    page, size = (
        number(next(iter(values.get(name, ())), None), default) for name, default in (("PAGE", 1), ("SIZE", 50))
    )
    statement = _PERSON.where(MEMBERS.c.CARD_NO.is_not(None)).order_by(MEMBERS.c.MEMBER_ID)
    return await store.page(statement, (max(1, page) - 1) * size, min(size, 200))


async def _found(store: Store, operation: str, values: Mapping[str, Sequence[str]]) -> list[Stored]:
    statement, asked = _QUERIES[operation]
    for column in ("MEMBER_ID", "CARD_NO"):
        if wanted := values.get(column):
            statement = statement.where(asked.c[column].in_(wanted))
    return await store.rows(statement.order_by(asked.c.MEMBER_ID))


def _answer(operation: str, code: str, message: str, rows: Sequence[Stored], total: int) -> Response:
    body = etree.Element(f"{{{NAMESPACE}}}{operation}Response", nsmap={"sam": NAMESPACE})
    result = etree.SubElement(body, f"{{{NAMESPACE}}}RESULT")
    for name, text in (("CODE", code), ("MESSAGE", message), ("TOTAL", str(total))):
        etree.SubElement(result, f"{{{NAMESPACE}}}{name}").text = text
    lines = etree.SubElement(result, f"{{{NAMESPACE}}}ROWS")
    for row in rows:
        line = etree.SubElement(lines, f"{{{NAMESPACE}}}ROW")
        for name, value in row.items():
            etree.SubElement(line, f"{{{NAMESPACE}}}{name}").text = value
    return _envelope(body)


def _fault(code: str, text: str, status: int = 500) -> Response:
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = code
    etree.SubElement(fault, "faultstring").text = text
    return _envelope(fault, status)


def _envelope(content: etree._Element, status: int = 200) -> Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    text = etree.tostring(envelope, encoding="unicode")
    wrong_on_purpose = '<?xml version="1.0" encoding="GB2312"?>'
    return Response(
        (wrong_on_purpose + text).encode("gb18030"), status, headers={"content-type": "text/xml; charset=GB2312"}
    )
