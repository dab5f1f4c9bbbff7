"""Jiangsu's isolation facilities: one row per stay, assessments, releases, relatives and follow-ups.

Traps kept from the real ones: `jdjgbm` is the facility but `jdjgmc` the deciding authority, somebody who came twice
has two codes, the name is the one at admission, and regions are those of the day of admission.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import MetaData, Table, select
from sqlalchemy.sql.ddl import CreateView

from mocks import agencies
from mocks.dirt import OPEN_END, Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Life, Marks, Term
from mocks.world import World

SYSTEM = "jiangsu-facility"
PROVINCE = "320000"

METADATA = MetaData()
ADDICTS = table(
    METADATA,
    "BaseAddicts",
    "jdrybm",
    "type jdjgbm jdsmc bmbm zp xm cym xb csrq mz jg jkzk xx sg tz zjzl zjhm hyzk zjxy whcd zzmm hjszd hjszdxz xjzd"
    " xjzdxxdz brlxdh ydwxxdz ydwxxlxdh zylxrxm zylxrdh zylxrgx qzgljdksrq qzgljdjsrq jdjgmc sjdwmc zacfcs qjcs"
    " hcjs rsrq xds rsqjyqk lydpzl xdfs xdnx scxdrq szqk jdryzt fqqk qzjdwsh dah jdqk qjjds zdpgsc dtgkqkb xdcyrds"
    " jkzkjcb yqys ysdqjts ljhgs lxbhgs swrq ACTFLAG gxsj",
)
ASSESSMENTS = table(
    METADATA,
    "JZPG",
    "PGBH",
    "JDRYBM PGLX PGRQ SLTD SXKF XWBX SHHJ ZHJG TQJCYJ YQYJ SQKFJY JYLY SPR JLBZ",
)
RELEASES = table(
    METADATA,
    "JC",
    "JCBH",
    "JDRYBM JCRQ JCLX JCZMSH TZJGRQ TZJSRQ LHDW LHR SFLH TGDW",
)
RELATIVES = table(METADATA, "JTCY", "CYBH", "JDRYBM XM GX LXDH JLBZ")
FOLLOW_UPS = table(METADATA, "HFJL", "HFBH", "JDRYBM HFRQ HFFS HFQK HFDW")
STAYS = CreateView(
    select(
        ADDICTS.c.jdrybm,
        ADDICTS.c.jdjgbm,
        ADDICTS.c.jdsmc,
        ADDICTS.c.qjjds,
        ADDICTS.c.qzgljdksrq,
        ADDICTS.c.qzgljdjsrq,
        ADDICTS.c.jdryzt,
        ADDICTS.c.fqqk,
        ADDICTS.c.yqys,
        ADDICTS.c.ysdqjts,
        ADDICTS.c.ACTFLAG,
        ADDICTS.c.gxsj,
        *(RELEASES.c[name] for name in ("JCRQ", "JCLX", "TZJGRQ", "LHDW", "SFLH", "TGDW")),
    ).select_from(ADDICTS.outerjoin(RELEASES, ADDICTS.c.jdrybm == RELEASES.c.JDRYBM)),
    "V_QZGLJD",
    metadata=METADATA,
).table
"""Stays with their releases side by side."""

_SEX = {"MALE": "1", "FEMALE": "2"}
_NATIONS = {"01": "汉族", "02": "蒙古族", "05": "维吾尔族", "11": "满族"}
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
    "DIVORCED": "离异",
}
_STATES = {"EXPIRED": "11", "EARLY_RELEASE": "11", "CONVERTED": "12", "DIED": "05"}
_RELEASES = {"EXPIRED": "1", "EARLY_RELEASE": "2", "CONVERTED": "3", "DIED": "9"}
_PHASES = {
    "ADMISSION": "00",
    "DETOXIFICATION": "01",
    "ADAPTATION": "02",
    "CONSOLIDATION": "03",
    "REORIENTATION": "04",
}
_STAGES = {"ADMISSION": "1", "DETOXIFICATION": "2", "AFTER_ONE_YEAR": "3", "BEFORE_EXPIRY": "4"}
_PASS = {"PASS": "合格", "FAIL": "不合格"}
_GOOD = {"GOOD": "良好", "FAIR": "一般"}
_RELATIONS = {"SPOUSE": "10", "CHILD": "20", "PARENT": "50", "SIBLING": "70", "OTHER": "99"}
_WAYS = {"HOME": "1", "OFFICE": "2", "PHONE": "3", "VIDEO": "4"}


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's one stay, under its own code."""

    life: Life
    term: Term
    turn: int
    code: str


def stays(world: World) -> tuple[Stay, ...]:
    """Everybody who was ever admitted in this province, once per stay."""
    codes = {agency.code for agency in agencies.FACILITIES[PROVINCE]}
    found = []
    for life in world.lives:
        terms = [term for term in life.terms if term.agency_code in codes and term.received_on]
        for turn, term in enumerate(terms):
            found.append(Stay(life, term, turn, f"{term.agency_code}{term.received_on:%Y%m%d}{life.number:04d}"))
    return tuple(found)


def marks_of(stay: Stay) -> tuple[Marks, ...]:
    """The assessments made during one stay."""
    start, end = stay.term.decided_on, stay.term.ended_on
    return tuple(
        mark
        for mark in stay.life.marks
        if (start is None or mark.assessed_on >= start) and (end is None or mark.assessed_on <= end)
    )


async def build(world: World, url: str) -> None:
    """Create and fill the facilities' tables."""
    dirt = Dirt(world, SYSTEM)
    contested = world.stories["conflict"]
    rows: dict[Table, list[Row]] = {ADDICTS: [], ASSESSMENTS: [], RELEASES: [], RELATIVES: [], FOLLOW_UPS: []}
    for stay in stays(world):
        person = _person(stay, dirt)
        rows[ADDICTS].append(_contested(stay, person) if stay.life.number == contested else person)
        if dirt.strikes(Kind.DELETED, stay.life, 0.02):
            rows[ADDICTS].append(person | {"jdrybm": f"{stay.code}X", "ACTFLAG": "0"})
        rows[ASSESSMENTS] += [_assessment(stay, mark, dirt) for mark in marks_of(stay)]
        if stay.term.ended_on:
            rows[RELEASES].append(_release(stay, dirt))
            rows[FOLLOW_UPS] += _follow_ups(stay)
        rows[RELATIVES] += _relatives(stay)
    await fill(url, METADATA, rows)


def _person(stay: Stay, dirt: Dirt) -> Row:
    life, term = stay.life, stay.term
    admitted = term.received_on or term.starts_on
    first = life.family[0] if life.family else None
    due = OPEN_END if dirt.strikes(Kind.OPEN_END, life, 0.02, stay.code) else term.due_end_on
    return {
        "jdrybm": stay.code,
        "jdjgbm": term.agency_code,
        "jdsmc": term.agency_name,
        "xm": dirt.name(life, old=0.5),
        "cym": life.former_name or dirt.marker(life, "cym"),
        "xb": _SEX[life.sex],
        "csrq": dirt.day(life, "csrq", life.birth_date, "%Y-%m-%d", share=0.05),
        "mz": dirt.code(life, "mz", _NATIONS[life.ethnicity], "其它"),
        "jkzk": "1",
        "zjzl": "01",
        "zjhm": dirt.id_number(life, second=True),
        "hyzk": _MARRIAGES[life.marital_status],
        "whcd": dirt.filled(life, "whcd", _SCHOOLS[life.education]),
        "hjszd": dirt.region(life, life.domicile),
        "hjszdxz": life.domicile_address,
        "xjzd": dirt.region(life, life.residence, 0.2),
        "xjzdxxdz": dirt.filled(life, "xjzdxxdz", life.residence_address),
        "brlxdh": life.phones[0],
        "zylxrxm": first.name if first else None,
        "zylxrdh": first.phone if first else None,
        "zylxrgx": _RELATIONS[first.relation] if first else None,
        "qzgljdksrq": dirt.day(life, f"{stay.code}ks", term.starts_on, "%Y-%m-%d"),
        "qzgljdjsrq": dirt.day(life, f"{stay.code}js", due, "%Y-%m-%d"),
        "jdjgmc": term.decision_agency_name,
        "sjdwmc": "公安强制隔离戒毒所（模拟）",
        "qjcs": str(stay.turn + 1),
        "rsrq": f"{admitted:%Y-%m-%d}" if admitted else None,
        "lydpzl": dirt.drugs(life, "、"),
        "xdfs": life.use_method,
        "scxdrq": f"{life.first_used_on:%Y-%m}",
        "szqk": "同意接收",
        "jdryzt": _STATES[term.end_reason] if term.end_reason else "01",
        "fqqk": _PHASES[term.phase] if term.phase else "99",
        "jdqk": "1" if stay.turn else "0",
        "qjjds": term.decision_number,
        "qzjdwsh": term.decision_number,
        "dtgkqkb": "1" if life.control_entered_on else "0",
        "yqys": str(term.extension_months),
        "ysdqjts": str(term.reduction_days),
        "swrq": f"{life.died_on:%Y%m%d}" if term.end_reason == "DIED" and life.died_on else None,
        "ACTFLAG": "1",
        "gxsj": f"{(term.ended_on or admitted):%Y-%m-%d} 08:30:00" if admitted else None,
    }


def _contested(stay: Stay, person: Row) -> Row:
    """What the facility wrote down at admission and nobody has corrected since."""
    life = stay.life
    return person | {
        "xm": life.former_name,
        "csrq": f"{life.birth_date - timedelta(days=1):%Y-%m-%d}",
        "hyzk": "已婚",
        "whcd": "高中",
        "xjzd": "321102",
        "xjzdxxdz": "镇江市京口区学前街17号",
    }


def _assessment(stay: Stay, mark: Marks, dirt: Dirt) -> Row:
    life, key = stay.life, f"{stay.code}{_STAGES[mark.stage]}"
    return {
        "PGBH": f"PG{key}",
        "JDRYBM": stay.code,
        "PGLX": _STAGES[mark.stage],
        "PGRQ": dirt.day(life, key, mark.assessed_on, "%Y-%m-%d"),
        "SLTD": _PASS[mark.detoxification],
        "SXKF": _PASS[mark.recovery],
        "XWBX": _PASS[mark.conduct],
        "SHHJ": _GOOD[mark.social_adaptation],
        "ZHJG": _PASS["FAIL" if "FAIL" in (mark.detoxification, mark.recovery, mark.conduct) else "PASS"],
        "TQJCYJ": "1" if mark.early_release else "0",
        "YQYJ": f"{mark.extension_months}个月" if mark.extension_months else dirt.marker(life, key),
        "SQKFJY": "1" if mark.advised else "0",
        "SPR": "所领导（模拟）",
        "JLBZ": "1",
    }


def _release(stay: Stay, dirt: Dirt) -> Row:
    term = stay.term
    fetched = {True: "是", False: "否", None: None}[term.collected]
    return {
        "JCBH": f"JC{stay.code}",
        "JDRYBM": stay.code,
        "JCRQ": dirt.day(stay.life, f"{stay.code}jc", term.ended_on, "%Y%m%d"),
        "JCLX": _RELEASES[term.end_reason or "EXPIRED"],
        "JCZMSH": f"解字{stay.code[-8:]}号",
        "TZJGRQ": f"{term.release_notice_on:%Y%m%d}" if term.release_notice_on else dirt.marker(stay.life, "TZJGRQ"),
        "LHDW": term.collected_by or dirt.marker(stay.life, "LHDW"),
        "SFLH": fetched,
        "TGDW": term.custodian,
    }


def _relatives(stay: Stay) -> list[Row]:
    return [
        {
            "CYBH": f"{stay.code}{position:02d}",
            "JDRYBM": stay.code,
            "XM": relative.name,
            "GX": _RELATIONS[relative.relation],
            "LXDH": relative.phone,
            "JLBZ": "1",
        }
        for position, relative in enumerate(stay.life.family)
    ]


def _follow_ups(stay: Stay) -> list[Row]:
    visits = [
        happening
        for happening in stay.life.happenings
        if happening.kind == "visit"
        and happening.agency_code == stay.term.agency_code
        and stay.term.ended_on
        and stay.term.ended_on <= happening.on <= stay.term.ended_on + timedelta(days=400)
    ]
    return [
        {
            "HFBH": f"{stay.code}H{position:02d}",
            "JDRYBM": stay.code,
            "HFRQ": f"{visit.on:%Y-%m-%d}",
            "HFFS": _WAYS[visit.what],
            "HFQK": visit.text,
            "HFDW": visit.agency_name,
        }
        for position, visit in enumerate(visits)
    ]
