"""The words in which the tour speaks of systems, labels and codes: plain English, the Chinese term beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Described:
    """A source as the tour speaks of it. Two sources of one `owner` count as one system."""

    owner: str
    form: str


SYSTEMS: Final[Mapping[str, Described]] = {
    "jiangsu-police": Described("Police 公安", "SQL, columns in pinyin: C_XM is the name"),
    "jiangsu-request-service": Described("Police 公安", "JSON, each call states its reason"),
    "jiangsu-facility": Described("Isolation facility 强制隔离戒毒所", "SQL, another maker: BaseAddicts"),
    "jiangsu-centre": Described("Rehabilitation centre 戒毒康复所", "JSON, dates as numbers"),
    "jiangsu-community": Described("Community station 社区工作站", "SQL, SQL Server names: Bane_User"),
    "jiangsu-community-events": Described("Community station 社区工作站", "JSON feed of events"),
    "jiangsu-aftercare": Described("Aftercare 后续照管", "JSON, pages in its own way"),
    "jiangsu-civil-affairs": Described("Civil affairs 民政", "SOAP, GB18030 that says GB2312"),
    "jiangsu-employment": Described("Employment 人社", "XML, GB18030 that says GBK"),
    "jiangsu-hospital": Described("Hospital 戒毒医疗机构", "FHIR R4, a health standard"),
    "zhejiang-police": Described("Police 公安", "JSON, pinyin initials"),
    "zhejiang-community": Described("Community station 社区工作站", "SQL, other columns: sqjk_measure"),
    "zhejiang-aftercare": Described("Aftercare 后续照管", "JSON, pinyin initials"),
}

_GATEWAYS: Final[Mapping[str, str]] = {
    "jiangsu-gateway": "Jiangsu's gateway 江苏网关",
    "zhejiang-gateway": "Zhejiang's gateway 浙江网关",
}

_PURPOSES: Final[Mapping[str, str]] = {
    "ASSESSMENT": "assessment 评估",
    "HANDOFF": "handoff 衔接",
    "AFTERCARE": "aftercare 照管",
    "SUPPORT": "support 救助",
    "STATUTORY_QUERY": "by statute 依法",
    "AUDIT": "audit 审计",
    "OWN_ACCESS": "own record 本人",
}

LABELS: Final[Mapping[str, str]] = {
    "EXISTENCE": "that there is a record",
    "IDENTITY": "who it is 身份",
    "ID_NUMBER": "id number 身份证号",
    "CONTACT": "address and phone 联系方式",
    "FAMILY": "family 家庭",
    "CUSTODY": "measures 措施",
    "ASSESSMENT": "assessments 诊断评估",
    "DRUG_USE": "drug use 吸毒史",
    "HEALTH": "hospital 医疗",
    "HEALTH_HIV": "HIV status 艾滋病",
    "POLICE": "police decisions 公安决定",
    "AFTERCARE": "aftercare 后续照管",
    "SUPPORT": "relief and work 帮扶救助",
    "ELIGIBILITY": "entitlement to relief 资格",
    "AUDIT": "who looked 查阅记录",
}

_CODES: Final[Mapping[str, str]] = {
    "ORDERED_NOT_REPORTED": "ordered, not reported 已责令未报到",
    "IN_COMMUNITY_RECOVERY": "in community recovery 社区康复中",
    "RELEASED_NOT_ORDERED": "released, never ordered 已出所未责令",
    "IN_REHABILITATION_CENTRE": "in the centre 在戒毒康复所",
    "COMPULSORY_ISOLATION": "compulsory isolation 强制隔离戒毒",
    "COMMUNITY_RECOVERY": "community recovery 社区康复",
    "AFTERCARE": "aftercare 后续照管",
    "COMMUNITY_TREATMENT": "community treatment 社区戒毒",
    "COMPLETED": "all measures completed 已期满",
    "IN_AFTERCARE": "in aftercare 后续照管中",
    "IN_COMMUNITY_TREATMENT": "in community treatment 社区戒毒中",
    "REHABILITATION_STAY": "stay in a centre 戒毒康复",
    "CLEAN_UNDER_THREE_YEARS": "clean, under three years 戒断不满三年",
    "MUST": "must be advised 应当建议",
    "OUTPATIENT": "outpatient 门诊",
    "INPATIENT": "inpatient 住院",
    "TEMPORARY_RELIEF": "temporary relief 临时救助",
    "UNEMPLOYED": "out of work 失业",
    "EMPLOYED": "at work 就业",
    "CHECKSUM_FAILED": "its check digit is wrong 校验位不符",
    "UPGRADED_FROM_15": "an old 15-digit number, upgraded 由15位升位",
    "NORMALISED": "written in an odd form 已规范化",
    "RETIRED_CODE": "a region code no longer in use 已撤销代码",
    "MALFORMED": "cannot be read 格式错误",
    "UNMAPPED_CODE": "a code nobody explained 代码未收录",
    "TRUNCATED": "probably cut off 疑似截断",
    "FUTURE_DATE": "lies in the future 未来日期",
    "OPEN_ENDED": "a stand-in for no end 无终止日期占位",
    "name": "name 姓名",
    "birthDate": "date of birth 出生日期",
    "residenceCode": "place of residence 现居住地",
    "domicileCode": "place of household 户籍地",
    "idNumber": "id number 身份证号",
    "controlStatus": "police register 动态管控",
}


def word(code: object) -> str:
    """A code in words; what the tour has no words for stays as it is."""
    text = "—" if code is None else str(code)
    return _CODES.get(text, text)


def purpose(code: str | None) -> str:
    """A purpose of use in words; gateways that exchange lists have none."""
    return _PURPOSES[code] if code else "—"


def system(source: str) -> str:
    """Which agency's system a source is, with its province where that is not Jiangsu."""
    found = SYSTEMS.get(source)
    if found is None:
        return _GATEWAYS.get(source, source)
    return found.owner + (" (Zhejiang 浙江)" if source.startswith("zhejiang") else "")


def counted(source: str) -> tuple[str, str]:
    """Province and owner: sources that agree in both are one system."""
    province = source.partition("-")[0]
    return province, SYSTEMS[source].owner
