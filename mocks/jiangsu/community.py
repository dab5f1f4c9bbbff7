"""Jiangsu's community stations: one town product on SQL Server, copied to every county, English-ish names.

Traps kept from the real ones: everything joins by the id number as text, `birth_url` is a household address,
`isolation_out_date` was filled with the day of entry by default, `user_sex` defaults to 男, `is_send` 0 means yes.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import MetaData, Table

from mocks.dirt import Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life, Term
from mocks.world import World

SYSTEM = "jiangsu-community"
PREFIX = "32"

METADATA = MetaData()
USERS = table(
    METADATA,
    "Bane_User",
    "user_id",
    "user_name alias_name user_sex user_birth user_identify user_edu job_status bane_type birth_url birth_area"
    " live_url live_area move_phone attn_name attn_phone marital_status user_type ur_next_date control_date user_guid"
    " is_send org_id is_aids iris_data user_pwd ISDEL update_time",
)
RECOVERIES = table(
    METADATA,
    "Bane_RecoveryInfo",
    "ri_id",
    "user_identify recovery_type exec_area exec_unit exec_unit_code order_unit order_no order_date is_aids"
    " isolation_url isolation_out_date cure_ups in_recovery recovery_state start_date plan_end_date end_date"
    " end_reason ISDEL",
)
TESTS = table(
    METADATA,
    "Bane_UrinalysisRecord",
    "ur_id",
    "user_identify ur_should_date ur_reality_date ur_site ur_method ur_result approve_status",
)
AGREEMENTS = table(
    METADATA, "Bane_Agreement", "ag_id", "user_identify ag_type ag_date ag_end_date ag_unit ag_unit_code"
)
VISITS = table(METADATA, "Bane_HelpVisit", "hv_id", "user_identify visit_date visit_way visit_remark visit_unit")

KINDS = {"COMMUNITY_TREATMENT": "社区戒毒", "COMMUNITY_RECOVERY": "社区康复"}
_SCHOOLS = {
    "PRIMARY": "小学",
    "JUNIOR_HIGH": "初中",
    "SENIOR_HIGH": "高中",
    "SECONDARY_VOCATIONAL": "中专",
    "JUNIOR_COLLEGE": "大专",
}
_MARRIAGES = {
    "UNMARRIED": "未婚",
    "FIRST_MARRIAGE": "已婚",
    "REMARRIED": "再婚",
    "WIDOWED": "丧偶",
    "DIVORCED": "离婚",
}
_ENDS = {
    "EXPIRED": "期满解除",
    "SERIOUS_VIOLATION": "严重违反戒毒康复协议",
    "CRIMINAL_PENALTY": "刑事处罚",
    "DIED": "死亡",
    "MOVED": "变更戒毒康复地点",
    "CONVERTED": "转强制隔离戒毒",
}
_RESULTS = {"NEGATIVE": "阴性", "POSITIVE": "阳性", "REFUSED": "拒检", "MISSED": "缺检"}
_METHODS = {"URINE": "尿检", "HAIR": "毛发检测"}
_WAYS = {"HOME": "家访", "OFFICE": "面谈", "PHONE": "电话", "VIDEO": "视频"}


def terms_of(life: Life, prefix: str = PREFIX) -> tuple[Term, ...]:
    """The community measures that run, ran or should run at a station of the province."""
    return tuple(term for term in life.terms if term.kind in KINDS and term.agency_code.startswith(prefix))


def happenings_of(life: Life, kind: str, prefix: str = PREFIX) -> tuple[Happening, ...]:
    """What the province's stations recorded of one kind."""
    stations = {term.agency_code for term in terms_of(life, prefix)}
    return tuple(found for found in life.happenings if found.kind == kind and found.agency_code in stations)


async def build(world: World, url: str) -> None:
    """Create and fill the stations' tables."""
    dirt = Dirt(world, SYSTEM)
    rows: dict[Table, list[Row]] = {USERS: [], RECOVERIES: [], TESTS: [], AGREEMENTS: [], VISITS: []}
    taken: set[str] = set()
    for life in world.lives:
        terms = terms_of(life)
        identify = dirt.id_number(life)
        # the product has no other key than the id number: of two people with one number the second cannot be entered
        if not terms or identify is None or identify in taken:
            continue
        taken.add(identify)
        user = _user(life, terms, identify, dirt)
        rows[USERS].append(user)
        if dirt.strikes(Kind.DELETED, life, 0.03):
            rows[USERS].append(user | {"user_id": f"{user['user_id']}0", "ISDEL": "1", "live_url": "旧址"})
        rows[RECOVERIES] += [_recovery(life, term, turn, identify, dirt) for turn, term in enumerate(terms)]
        rows[TESTS] += [_test(life, turn, test, identify) for turn, test in enumerate(happenings_of(life, "test"))]
        rows[AGREEMENTS] += [
            _agreement(life, turn, found, identify) for turn, found in enumerate(happenings_of(life, "agreement"))
        ]
        rows[VISITS] += [
            _visit(life, turn, visit, identify) for turn, visit in enumerate(happenings_of(life, "visit"))
        ]
    await fill(url, METADATA, rows)


def user_key(life: Life) -> str:
    """The product's own number of a person."""
    return str(52_000 + life.number)


def _text(day: date | None) -> str | None:
    return f"{day:%Y-%m-%d} 00:00:00" if day else None


def _user(life: Life, terms: tuple[Term, ...], identify: str, dirt: Dirt) -> Row:
    last = terms[-1]
    kin = life.family[0] if life.family else None
    defaulted = life.sex == "FEMALE" and dirt.strikes(Kind.WRONG_DEFAULT, life, 0.1)
    return {
        "user_id": user_key(life),
        "user_name": dirt.name(life, old=0.2),
        "alias_name": life.alias or dirt.marker(life, "alias_name"),
        "user_sex": "男" if life.sex == "MALE" or defaulted else "女",
        "user_birth": dirt.day(life, "user_birth", life.birth_date, "%Y-%m-%d 00:00:00", share=0.04),
        "user_identify": identify,
        "user_edu": dirt.filled(life, "user_edu", _SCHOOLS[life.education], 0.08),
        "job_status": dirt.marker(life, "job_status"),
        "bane_type": dirt.drugs(life),
        "birth_url": life.domicile_address,
        "birth_area": dirt.region(life, life.domicile),
        "live_url": dirt.filled(life, "live_url", life.residence_address),
        "live_area": dirt.region(life, life.residence),
        "move_phone": life.phones[-1],
        "attn_name": kin.name if kin else None,
        "attn_phone": kin.phone if kin else None,
        "marital_status": dirt.filled(life, "marital_status", _MARRIAGES[life.marital_status], 0.06),
        "user_type": KINDS[last.kind],
        "control_date": _text(last.due_end_on),
        "user_guid": f"{dirt.random(life, 'guid').getrandbits(128):032x}",
        "is_send": "0" if dirt.note(Kind.INVERTED, last.received_on is not None) else "1",
        "org_id": last.execution_place,
        "is_aids": ("是" if life.hiv_positive else "否") if last.reported_on else dirt.marker(life, "is_aids"),
        "user_pwd": "",
        "ISDEL": "0",
        "update_time": _text(last.ended_on or last.reported_on or last.received_on),
    }


def _state(term: Term) -> str:
    if term.end_reason:
        return "期满解除" if term.end_reason == "EXPIRED" else "社戒社康终止"
    if term.reported_on is None:
        return "未报到未移交"
    return f"{KINDS[term.kind]}中"


def _recovery(life: Life, term: Term, turn: int, identify: str, dirt: Dirt) -> Row:
    isolations = [
        other.ended_on for other in life.terms if other.kind == "COMPULSORY_ISOLATION" and other.ended_on is not None
    ]
    out = next((day for day in isolations if term.received_on and day == term.received_on), None)
    return {
        "ri_id": f"{user_key(life)}{turn:02d}",
        "user_identify": identify,
        "recovery_type": KINDS[term.kind],
        "exec_area": term.execution_place,
        "exec_unit": term.agency_name,
        "exec_unit_code": term.agency_code,
        "order_unit": term.decision_agency_name,
        "order_no": dirt.filled(life, f"order_no{turn}", term.decision_number, 0.1),
        "order_date": _text(term.ordered_on or term.decided_on),
        "is_aids": None,
        "isolation_out_date": _text(out or term.reported_on),
        "recovery_state": _state(term),
        "start_date": _text(term.reported_on),
        "plan_end_date": _text(term.due_end_on),
        "end_date": _text(term.ended_on),
        "end_reason": _ENDS[term.end_reason] if term.end_reason else dirt.marker(life, f"end_reason{turn}"),
        "ISDEL": "0",
    }


def _test(life: Life, turn: int, test: Happening, identify: str) -> Row:
    return {
        "ur_id": f"{user_key(life)}{turn:03d}",
        "user_identify": identify,
        "ur_should_date": _text(test.on),
        "ur_reality_date": _text(test.until) or "9999-12-31 00:00:00",
        "ur_site": test.text,
        "ur_method": _METHODS[test.what],
        "ur_result": _RESULTS[test.result or "MISSED"],
        "approve_status": "1",
    }


def _agreement(life: Life, turn: int, agreement: Happening, identify: str) -> Row:
    return {
        "ag_id": f"{user_key(life)}{turn:02d}",
        "user_identify": identify,
        "ag_type": KINDS[agreement.what],
        "ag_date": _text(agreement.on),
        "ag_end_date": _text(agreement.until),
        "ag_unit": agreement.agency_name,
        "ag_unit_code": agreement.agency_code,
    }


def _visit(life: Life, turn: int, visit: Happening, identify: str) -> Row:
    return {
        "hv_id": f"{user_key(life)}{turn:03d}",
        "user_identify": identify,
        "visit_date": _text(visit.on),
        "visit_way": _WAYS[visit.what],
        "visit_remark": visit.text,
        "visit_unit": visit.agency_name,
    }
