"""Zhejiang's community stations: a newer product on MySQL, camelCase columns, its own codes, delFlag 2 for deleted.

Traps kept from the real ones: `seamlessJoint` 0 means yes, `inDdate` is spelled so, drugs are a list of codes in one
string, nationality is an unpadded number, and two police stations may be responsible at once (双向管控).
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import MetaData, Table

from mocks import agencies
from mocks.dirt import DRUG_CODES, OPEN_END, Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.jiangsu.community import happenings_of, terms_of
from mocks.life import Happening, Life, Term
from mocks.world import World

SYSTEM = "zhejiang-community"
PREFIX = "33"

METADATA = MetaData()
PEOPLE = table(
    METADATA,
    "sqjk_rehab_person",
    "personCode",
    "realName usedName nickName identityCard otherCardType otherCardNo gender birthday nation education marriage"
    " mobile domicileArea domicileDetail liveArea liveDetail execArea jurisdictUnit1 jurisdictUnit2 drugTypes"
    " firstDrugDate hivFlag controlState faceId delFlag updateTime",
)
MEASURES = table(
    METADATA,
    "sqjk_measure",
    "measureId",
    "personCode measureType orderNo orderDate receiveDate inDdate planOutDate actualOutDate outReason execArea"
    " orgCode orgName state seamlessJoint receiveDept delFlag",
)
AGREEMENTS = table(
    METADATA, "sqjk_document", "docId", "personCode docType docStatus signDate endDate orgCode orgName"
)
TESTS = table(METADATA, "sqjk_urine_test", "testId", "personCode planDate testDate testType testResult testPlace")
VISITS = table(METADATA, "sqjk_conversation", "talkId", "personCode talkDate talkWay talkContent orgName")
RELATIVES = table(METADATA, "sqjk_family", "familyId", "personCode familyName relation familyPhone")

_KINDS = {"COMMUNITY_TREATMENT": "A", "COMMUNITY_RECOVERY": "B"}
_EDUCATION = {
    "PRIMARY": "81",
    "JUNIOR_HIGH": "71",
    "SENIOR_HIGH": "61",
    "SECONDARY_VOCATIONAL": "41",
    "JUNIOR_COLLEGE": "31",
}
_MARRIAGE = {"UNMARRIED": "10", "FIRST_MARRIAGE": "21", "REMARRIED": "22", "WIDOWED": "30", "DIVORCED": "40"}
_CONTROL = {
    "UNDER_CONTROL": "1",
    "LOST": "2",
    "DECEASED": "3",
    "ABROAD": "4",
    "LIFTED": "5",
    "CLEAN_UNDER_THREE_YEARS": "6",
}
_OUT = {
    "EXPIRED": "1",
    "CONVERTED": "2",
    "SERIOUS_VIOLATION": "7",
    "CRIMINAL_PENALTY": "9",
    "DIED": "11",
    "MOVED": "12",
}
_METHODS = {"URINE": "NJ", "HAIR": "MF"}
_RESULTS = {"NEGATIVE": "2", "POSITIVE": "3", "REFUSED": "4", "MISSED": "5"}
_WAYS = {"HOME": "H", "OFFICE": "F", "PHONE": "T", "VIDEO": "V"}
_RELATIONS = {"SPOUSE": "1", "CHILD": "2", "PARENT": "5", "SIBLING": "7", "OTHER": "9"}


def person_key(life: Life) -> str:
    """The product's own code of a person."""
    return f"ZJ-{life.number * 7 + 1000:06d}"


async def build(world: World, url: str) -> None:
    """Create and fill the stations' tables."""
    dirt = Dirt(world, SYSTEM)
    rows: dict[Table, list[Row]] = {
        PEOPLE: [],
        MEASURES: [],
        AGREEMENTS: [],
        TESTS: [],
        VISITS: [],
        RELATIVES: [],
    }
    for life in world.lives:
        terms = terms_of(life, PREFIX)
        if not terms:
            continue
        person = _person(life, terms, dirt)
        rows[PEOPLE].append(person)
        if dirt.strikes(Kind.DELETED, life, 0.1):
            rows[PEOPLE].append(person | {"personCode": f"{person['personCode']}-1", "delFlag": "2"})
        rows[MEASURES] += [_measure(life, term, turn, dirt) for turn, term in enumerate(terms)]
        for kind, target, write in (
            ("agreement", AGREEMENTS, _agreement),
            ("test", TESTS, _test),
            ("visit", VISITS, _visit),
        ):
            found = happenings_of(life, kind, PREFIX)
            rows[target] += [write(life, turn, happening) for turn, happening in enumerate(found)]
        rows[RELATIVES] += _relatives(life)
    await fill(url, METADATA, rows)


def _text(day: date | None) -> str | None:
    return f"{day:%Y/%m/%d}" if day else None


def _station(county: str) -> str | None:
    station = agencies.STATIONS.get(county)
    return station.code if station else None


def _person(life: Life, terms: tuple[Term, ...], dirt: Dirt) -> Row:
    last = terms[-1]
    return {
        "personCode": person_key(life),
        "realName": dirt.name(life),
        "usedName": life.former_name or dirt.marker(life, "usedName"),
        "nickName": life.alias,
        "identityCard": dirt.id_number(life),
        "otherCardType": "2" if life.passport else None,
        "otherCardNo": life.passport,
        "gender": "F" if life.sex == "FEMALE" else "M",
        "birthday": dirt.day(life, "birthday", life.birth_date, "%Y/%m/%d", share=0.05),
        "nation": str(int(life.ethnicity)),
        "education": dirt.filled(life, "education", _EDUCATION[life.education]),
        "marriage": dirt.code(life, "marriage", _MARRIAGE[life.marital_status], "99"),
        "mobile": ",".join(life.phones),
        "domicileArea": dirt.region(life, life.domicile),
        "domicileDetail": life.domicile_address,
        "liveArea": life.residence,
        "liveDetail": dirt.filled(life, "liveDetail", life.residence_address),
        "execArea": last.execution_place,
        "jurisdictUnit1": _station(life.residence),
        "jurisdictUnit2": _station(life.domicile) if life.domicile != life.residence else None,
        "drugTypes": ",".join(DRUG_CODES[drug] for drug in life.substances),
        "firstDrugDate": _text(life.first_used_on),
        "hivFlag": ("1" if life.hiv_positive else "0") if last.reported_on else None,
        "controlState": _CONTROL[life.control_status],
        "delFlag": "0",
        "updateTime": f"{last.ended_on or last.reported_on or last.received_on} 12:00:00",
    }


def _state(term: Term) -> str:
    if term.end_reason:
        return "6" if term.end_reason == "EXPIRED" else "7"
    return "3" if term.reported_on else "1"


def _measure(life: Life, term: Term, turn: int, dirt: Dirt) -> Row:
    due = OPEN_END if dirt.strikes(Kind.OPEN_END, life, 0.03, str(turn)) else term.due_end_on
    released = next((other for other in life.terms if other.ended_on and other.ended_on == term.received_on), None)
    fetched = released.collected if released else None
    return {
        "measureId": f"{person_key(life)}/{turn + 1}",
        "personCode": person_key(life),
        "measureType": _KINDS[term.kind],
        "orderNo": term.decision_number,
        "orderDate": _text(term.ordered_on or term.decided_on),
        "receiveDate": _text(term.received_on),
        "inDdate": _text(term.reported_on),
        "planOutDate": f"{due:%Y%m%d}" if due else None,
        "actualOutDate": _text(term.ended_on),
        "outReason": _OUT[term.end_reason] if term.end_reason else dirt.marker(life, f"outReason{turn}"),
        "execArea": term.execution_place,
        "orgCode": term.agency_code,
        "orgName": term.agency_name,
        "state": _state(term),
        "seamlessJoint": {True: "0", False: "1", None: None}[fetched],
        "receiveDept": released.collected_by if released else None,
        "delFlag": "0",
    }


def _agreement(life: Life, turn: int, agreement: Happening) -> Row:
    return {
        "docId": f"{person_key(life)}/D{turn}",
        "personCode": person_key(life),
        "docType": _KINDS[agreement.what],
        "docStatus": "2",
        "signDate": _text(agreement.on),
        "endDate": _text(agreement.until),
        "orgCode": agreement.agency_code,
        "orgName": agreement.agency_name,
    }


def _test(life: Life, turn: int, test: Happening) -> Row:
    return {
        "testId": f"{person_key(life)}/T{turn}",
        "personCode": person_key(life),
        "planDate": _text(test.on),
        "testDate": _text(test.until),
        "testType": _METHODS[test.what],
        "testResult": _RESULTS[test.result or "MISSED"],
        "testPlace": test.text,
    }


def _visit(life: Life, turn: int, visit: Happening) -> Row:
    return {
        "talkId": f"{person_key(life)}/V{turn}",
        "personCode": person_key(life),
        "talkDate": _text(visit.on),
        "talkWay": _WAYS[visit.what],
        "talkContent": visit.text,
        "orgName": visit.agency_name,
    }


def _relatives(life: Life) -> list[Row]:
    return [
        {
            "familyId": f"{person_key(life)}/F{turn}",
            "personCode": person_key(life),
            "familyName": relative.name,
            "relation": _RELATIONS[relative.relation],
            "familyPhone": relative.phone,
        }
        for turn, relative in enumerate(life.family)
    ]
