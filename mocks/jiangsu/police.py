"""Jiangsu's police: the drug-user register in Oracle's manner, and the case system with its decisions.

Traps kept from the real ones: C_XDHGJT holds the reporting unit, C_XDHGST a fingerprint number, N_CXZT 0 means
sealed, C_XM is thirty bytes wide, `shenfenzhengjian` is the TYPE of the document, `fuyijiguan` is the authority
for reconsideration, and `pinyin` is an occupation.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import MetaData

from mocks import agencies
from mocks.courses import months_after
from mocks.dirt import OPEN_END, Dirt, Kind
from mocks.fill import Row, fill, table
from mocks.life import Life, Term
from mocks.places import COUNTIES, township_name
from mocks.world import World

SYSTEM = "jiangsu-police"
PROVINCE = "320000"
NAME_BYTES = 30

METADATA = MetaData()
REGISTER = table(
    METADATA,
    "T_SDRY_XDRYXX",
    "C_BH",
    "N_XH C_DWDM C_DJR C_XM C_SFZJZL C_SFZHM C_QTZJHM C_HZZL C_HZHM C_HJSZD C_HJSZDXZ C_HJPCS C_SJJZD C_SJJZDXZ"
    " C_SJPCS C_CH C_XB D_CS C_SF C_WHCD C_MZ C_FWCS N_SG C_TBTMTZ C_BRLXFS C_LXRXX C_GJ C_HYZK C_XZ D_XZ C_JKZK"
    " D_CCXD N_SFZT C_GXXZ C_GXSQ C_BJMJ C_BZ D_DJ D_GXSJ N_YXH C_YDWDM C_RYLX C_CXDW N_CXZT N_CHXH D_CCCH C_BJDW"
    " D_BJ N_SY N_YXX C_ACTION C_PINYIN C_TSTAMP C_CCBZ C_CHDQ C_XDCS C_XSDPZL C_ZSDPZL C_XDHGSH C_XDHGJT C_XDHGST"
    " C_XDFS D_SW C_ZRMJ C_WLSFXX",
    prefixed=True,
)
_DECISION = (
    "acttime actflag actuser actip anjianbianhao anjianmingcheng bananren1id bananren2id banandanweiid"
    " banandanweimingcheng gonganbianhao wenshunianfen wenshubianhao wenshuwenhao yewudaima pizhunshijian"
    " tianfashijian renyuanbianhao xingming xingbie chushengriqi shenfenzhengjian zhengjianhaoma hujisuozaidi"
    " xianzhuzhi gongzuodanwei pinyin weifashishi qishishijian zhongzhishijian zhixingshequ shequdizhi fuyijiguan"
    " susongjiguan zhixingdanweiid"
)
TREATMENT = table(METADATA, "T_XZZLSQJDJDS", "id", f"{_DECISION} jieduqixian jieshoushijian")
RECOVERY = table(METADATA, "T_XZZLSQKFJDS", "id", f"{_DECISION} kangfuqixian")
ISOLATION = table(METADATA, "T_QZGLJDJDS", "id", f"{_DECISION} jieduqixian jieshoushijian")
DISCHARGE = table(METADATA, "T_JCJDTZS", "id", _DECISION)

_TABLES = {"COMMUNITY_TREATMENT": TREATMENT, "COMMUNITY_RECOVERY": RECOVERY, "COMPULSORY_ISOLATION": ISOLATION}
_ORDERS = {"COMMUNITY_TREATMENT": "040336", "COMPULSORY_ISOLATION": "040338", "COMMUNITY_RECOVERY": "040343"}
_DISCHARGES = {"COMMUNITY_TREATMENT": "040345", "COMMUNITY_RECOVERY": "040346"}
_SEX = {"MALE": "1", "FEMALE": "2"}
EDUCATION = {"JUNIOR_COLLEGE": "30", "SECONDARY_VOCATIONAL": "40", "SENIOR_HIGH": "60", "JUNIOR_HIGH": "70"}
MARRIAGE = {"UNMARRIED": "10", "FIRST_MARRIAGE": "21", "REMARRIED": "22", "WIDOWED": "30", "DIVORCED": "40"}
_CONTROL = {
    "UNDER_CONTROL": "01",
    "LOST": "02",
    "DECEASED": "03",
    "ABROAD": "04",
    "LIFTED": "05",
    "CLEAN_UNDER_THREE_YEARS": "06",
}
_TERMS = {24: ("二年", "2年", "24"), 36: ("三年", "3年", "36")}


def person_key(life: Life) -> str:
    """涉毒人员编号."""
    return f"R3200{life.number + 100_000:08d}"


async def build(world: World, url: str) -> None:
    """Create and fill the police's tables."""
    dirt = Dirt(world, SYSTEM)
    lives = world.held_in(PROVINCE)
    register = [_person(life, dirt) for life in lives]
    register += [_ghost(life, dirt) for life in dirt.deleted(lives)]
    rows: dict[str, list[Row]] = {name: [] for name in ("TREATMENT", "RECOVERY", "ISOLATION", "DISCHARGE")}
    names = {TREATMENT: "TREATMENT", RECOVERY: "RECOVERY", ISOLATION: "ISOLATION"}
    for life in lives:
        for turn, term in enumerate(life.terms):
            if (term.decision_agency_code or "").startswith("32"):
                rows[names[_TABLES[term.kind]]] += _decisions(life, term, turn, dirt)
                rows["DISCHARGE"] += _discharges(life, term, turn, dirt)
    await fill(
        url,
        METADATA,
        {
            REGISTER: register,
            TREATMENT: rows["TREATMENT"],
            RECOVERY: rows["RECOVERY"],
            ISOLATION: rows["ISOLATION"],
            DISCHARGE: rows["DISCHARGE"],
        },
    )


def execution_place(life: Life) -> str | None:
    """Where the newest community measure is executed."""
    places = [term.execution_place for term in life.terms if term.execution_place]
    return places[-1] if places else None


def _station(county: str) -> str:
    station = agencies.STATIONS.get(county)
    return station.code if station else f"{county}510000"


def _touched(life: Life) -> date:
    """When the register last heard of somebody."""
    days = [day for term in life.terms for day in (term.decided_on, term.starts_on, term.ended_on) if day]
    return max(days, default=life.first_caught_on)


def _person(life: Life, dirt: Dirt) -> Row:
    place = execution_place(life)
    caught = life.first_caught_on
    return {
        "C_BH": person_key(life),
        "N_XH": life.number + 1,
        "C_DWDM": _station(life.residence),
        "C_XM": dirt.name(life, width=NAME_BYTES),
        "C_SFZJZL": "111",
        "C_SFZHM": dirt.id_number(life),
        "C_QTZJHM": life.second_id_number,
        "C_HZZL": "414" if life.passport else None,
        "C_HZHM": life.passport,
        "C_HJSZD": dirt.region(life, life.domicile, 0.1),
        "C_HJSZDXZ": life.domicile_address,
        "C_HJPCS": _station(life.domicile),
        "C_SJJZD": life.residence,
        "C_SJJZDXZ": dirt.filled(life, "C_SJJZDXZ", life.residence_address),
        "C_SJPCS": _station(life.residence),
        "C_CH": life.alias or dirt.marker(life, "C_CH"),
        "C_XB": _SEX[life.sex],
        "D_CS": life.birth_date,
        "C_WHCD": dirt.code(life, "C_WHCD", EDUCATION.get(life.education, "80")),
        "C_MZ": life.ethnicity,
        "C_BRLXFS": ";".join(life.phones),
        "C_GJ": "156",
        "C_HYZK": MARRIAGE[life.marital_status],
        "C_XZ": dirt.code(life, "C_XZ", _CONTROL[life.control_status], "00"),
        "D_XZ": caught,
        "D_CCXD": dirt.later(life, "D_CCXD", life.first_used_on),
        "C_GXXZ": place,
        "C_BZ": dirt.marker(life, "C_BZ"),
        "D_DJ": caught,
        "D_GXSJ": _touched(life),
        "N_CXZT": 0 if dirt.note(Kind.INVERTED, life.sealed) else 1,
        "D_CCCH": caught,
        "C_BJDW": _station(life.residence) if life.control_entered_on else None,
        "D_BJ": life.control_entered_on,
        "N_SY": 1,
        "N_YXX": 1,
        "C_ACTION": "U",
        "C_XSDPZL": dirt.drugs(life),
        "C_XDHGJT": _station(life.residence),
        "C_XDFS": life.use_method,
        "D_SW": life.died_on,
    }


def _ghost(life: Life, dirt: Dirt) -> Row:
    """A second row that was deleted by its flag only: an older state under another key."""
    return {
        **_person(life, dirt),
        "C_BH": person_key(life).replace("R", "D", 1),
        "N_YXX": 0,
        "C_SJJZDXZ": "旧址",
    }


def _stamp(day: date, hour: int = 10) -> str:
    return f"{day:%Y%m%d}{hour:02d}1500"


def _head(life: Life, term: Term, dirt: Dirt, decided_on: date, code: str, key: str) -> Row:
    """What every decision of the case system carries."""
    generator = dirt.random(life, key)
    return {
        "id": f"{generator.getrandbits(128):032X}",
        "acttime": f"{_stamp(decided_on, 17)}000",
        "actflag": "1",
        "anjianbianhao": f"A{term.decision_agency_code}{decided_on:%Y%m}{life.number:04d}",
        "anjianmingcheng": "吸毒案（模拟）",
        "banandanweiid": term.decision_agency_code,
        "banandanweimingcheng": term.decision_agency_name,
        "wenshunianfen": str(decided_on.year),
        "wenshuwenhao": term.decision_number,
        "yewudaima": code,
        "pizhunshijian": dirt.day(life, f"{key}p", decided_on, "%Y%m%d101500"),
        "tianfashijian": _stamp(decided_on, 16),
        "renyuanbianhao": person_key(life),
        "xingming": dirt.name(life, width=NAME_BYTES),
        "xingbie": _SEX[life.sex],
        "chushengriqi": f"{life.birth_date:%Y%m%d}",
        "shenfenzhengjian": "111",
        "zhengjianhaoma": life.id_number,
        "hujisuozaidi": COUNTIES[life.domicile],
        "xianzhuzhi": life.residence_address,
        "pinyin": "无业",
        "fuyijiguan": "人民政府（模拟）",
        "zhixingshequ": term.execution_place,
        "shequdizhi": township_name(term.execution_place) if term.execution_place else None,
    }


def _decisions(life: Life, term: Term, turn: int, dirt: Dirt) -> list[Row]:
    """The order that opens a measure, and for isolation those that lengthen or shorten it."""
    decided = term.decided_on
    if decided is None:
        return []
    months = 24 if term.kind == "COMPULSORY_ISOLATION" else 36
    key = f"{term.kind}{turn}"
    ends = months_after(decided, months)
    column = "kangfuqixian" if term.kind == "COMMUNITY_RECOVERY" else "jieduqixian"
    order = _head(life, term, dirt, decided, _ORDERS[term.kind], key) | {
        column: dirt.random(life, f"{key}q").choice(_TERMS[months]),
        "qishishijian": _stamp(decided),
        "zhongzhishijian": _stamp(OPEN_END if dirt.strikes(Kind.OPEN_END, life, 0.02, key) else ends),
    }
    if term.kind != "COMMUNITY_RECOVERY":
        order["jieshoushijian"] = _stamp(decided + timedelta(days=1))
    return [order, *_changes(life, term, key, dirt)]


def _changes(life: Life, term: Term, key: str, dirt: Dirt) -> list[Row]:
    changed = []
    if term.kind == "COMPULSORY_ISOLATION" and term.ended_on and term.due_end_on:
        on = term.ended_on - timedelta(days=6)
        if term.extension_months:
            months = f"{term.extension_months}个月"
            changed.append(_head(life, term, dirt, on, "040340", f"{key}y") | {"jieduqixian": months})
        if term.end_reason == "EARLY_RELEASE":
            changed.append(_head(life, term, dirt, on, "040341", f"{key}t"))
    return [row | {"wenshuwenhao": f"{row['wenshuwenhao']}之一"} for row in changed]


def _discharges(life: Life, term: Term, turn: int, dirt: Dirt) -> list[Row]:
    code = _DISCHARGES.get(term.kind)
    if code is None or term.ended_on is None or term.end_reason != "EXPIRED":
        return []
    row = _head(life, term, dirt, term.ended_on, code, f"J{turn}")
    return [row | {"wenshuwenhao": f"{row['wenshuwenhao']}解"}]
