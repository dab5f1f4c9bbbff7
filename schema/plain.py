"""An access in plain words for the person concerned (个人信息保护法 44, 45): who, when, why, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Final

import strawberry

from schema.declare import describe_enums
from schema.enums import Purpose, Role
from schema.label import Label
from schema.reader import AccessFacts, FieldFacts

CHINA: Final = timezone(timedelta(hours=8))


class Language(Enum):
    """In which language something is told."""

    ZH = "中文"
    EN = "英文"


describe_enums([Language])

_KINDS: Final[dict[Label, tuple[str, str]]] = {
    Label.PUBLIC: ("公开信息", "public information"),
    Label.EXISTENCE: ("是否有您的记录", "whether there is a record of you"),
    Label.IDENTITY: ("姓名、性别、出生日期等身份信息", "name, sex, birth date"),
    Label.ID_NUMBER: ("证件号码", "document numbers"),
    Label.CONTACT: ("电话、住址", "telephone, address"),
    Label.FAMILY: ("亲属信息", "relatives"),
    Label.CUSTODY: ("戒毒措施及期限", "measures and their dates"),
    Label.ASSESSMENT: ("诊断评估", "diagnostic assessment"),
    Label.DRUG_USE: ("吸毒史、检测结果", "drug use and test results"),
    Label.HEALTH: ("健康信息", "health"),
    Label.HEALTH_HIV: ("艾滋病病毒检测信息", "HIV status"),
    Label.POLICE: ("公安决定、动态管控", "police decisions and control"),
    Label.AFTERCARE: ("后续照管", "aftercare"),
    Label.SUPPORT: ("帮扶救助", "support and relief"),
    Label.ELIGIBILITY: ("是否符合帮扶条件", "eligibility, yes or no"),
    Label.HANDOFF: ("机关之间的衔接", "handovers between agencies"),
    Label.AUDIT: ("查阅记录", "access records"),
}
_RESULTS: Final = {
    "OK": ("已答复", "answered"),
    "PARTIAL": ("已答复，部分单位的系统当时未能答复", "answered; some agencies' systems could not answer then"),
    "DENIED": (
        "已拒绝：对方没有得到任何信息，也不知道有没有您的记录",
        "refused: nothing was told, not even whether there is a record of you",
    ),
    "REFUSED": ("已拒绝：对方没有得到任何信息", "refused: nothing was told"),
    "FAILED": ("未完成：对方没有得到任何信息", "failed: nothing was told"),
}
_NO_PURPOSE: Final = ("网关之间核对名单", "gateways comparing lists")
_NOBODY: Final = ("未知身份", "somebody of unknown role")


@strawberry.type(description="这次查阅的说明: the access in plain words, each part and as one text.")
class AccessSummary:
    """Of one access, told to the person concerned."""

    when: str
    agency: str
    who: str
    why: str
    shown: list[str] = strawberry.field(description="看到的信息.")
    masked: list[str] = strawberry.field(description="只看到一部分的信息.")
    withheld: list[str] = strawberry.field(description="想看但没有看到的信息.")
    result: str
    text: str


def summary(facts: AccessFacts, language: Language) -> AccessSummary:
    """The access in words; `fields` of the facts are those about the person concerned."""
    place = 0 if language is Language.ZH else 1
    effects = _by_effect(facts.fields)
    shown, masked, withheld = (_kinds(labels, place) for labels in effects)
    # A request about several people may have been answered, and this person have been none whom it was told of.
    outcome = "DENIED" if Label.EXISTENCE in effects[2] and not shown and not masked else facts.outcome
    told = outcome in ("OK", "PARTIAL")
    parts = AccessSummary(
        when=_when(facts.at, language),
        agency=facts.agency.name,
        who=_role_words(facts.roles, language),
        why=_why(facts.purpose, language),
        shown=shown if told else [],
        masked=masked if told else [],
        withheld=withheld if outcome != "DENIED" else [],
        result=_RESULTS.get(outcome, (outcome, outcome))[place],
        text="",
    )
    parts.text = _TEXTS[language](parts, facts.via)
    return parts


def _by_effect(fields: Sequence[FieldFacts]) -> tuple[list[Label], list[Label], list[Label]]:
    """Labels shown at all; else shown in part; else not shown."""
    effects: dict[Label, set[str]] = {}
    for field in fields:
        effects.setdefault(Label(field.label), set()).add(field.effect)
    ranked: dict[str, list[Label]] = {"ALLOW": [], "MASK": [], "DENY": []}
    for label in Label:
        best = next((effect for effect in ranked if effect in effects.get(label, ())), None)
        if best is not None and label is not Label.PUBLIC:
            ranked[best].append(label)
    return ranked["ALLOW"], ranked["MASK"], ranked["DENY"]


def _kinds(labels: Iterable[Label], place: int) -> list[str]:
    return [_KINDS[label][place] for label in labels]


def _when(at: datetime, language: Language) -> str:
    local = at.astimezone(CHINA)
    if language is Language.EN:
        return local.strftime("%Y-%m-%d %H:%M (China)")
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _role_words(roles: Sequence[str], language: Language) -> str:
    known = [Role[role] for role in roles if role in Role.__members__]
    if not known:
        return _NOBODY[language is Language.EN]
    return "、".join(one.value for one in known) if language is Language.ZH else ", ".join(map(_spoken, known))


def _why(purpose: str, language: Language) -> str:
    found = Purpose.__members__.get(purpose)
    if found is None:
        return _NO_PURPOSE[language is Language.EN]
    return str(found.value) if language is Language.ZH else _spoken(found)


def _spoken(member: Enum) -> str:
    return member.name.replace("_", " ").lower()


def _chinese(parts: AccessSummary, via: Sequence[str]) -> str:
    forwarded = f"（经{'、'.join(via)}转来）" if via else ""
    found = [
        f"{lead}：{'、'.join(kinds)}"
        for lead, kinds in (("看到", parts.shown), ("部分遮盖", parts.masked), ("未予显示", parts.withheld))
        if kinds
    ]
    detail = f"{'；'.join(found)}。" if found else ""
    asked = f"{parts.when}，{parts.agency}的{parts.who}{forwarded}以“{parts.why}”为目的查询了您的信息。"
    return f"{asked}{detail}结果：{parts.result}。"


def _english(parts: AccessSummary, via: Sequence[str]) -> str:
    forwarded = f", by way of {', '.join(via)}," if via else ""
    found = [
        f"{lead}: {'; '.join(kinds)}."
        for lead, kinds in (("Shown", parts.shown), ("In part", parts.masked), ("Not shown", parts.withheld))
        if kinds
    ]
    asked = f"{parts.when}: {parts.who} of {parts.agency}{forwarded} asked about you for the purpose: {parts.why}."
    return " ".join([asked, *found, f"Result: {parts.result}."])


_TEXTS: Final[dict[Language, Callable[[AccessSummary, Sequence[str]], str]]] = {
    Language.ZH: _chinese,
    Language.EN: _english,
}

NOT_LISTED: Final = (
    "依照个人信息保护法第三十五条、第四十五条第一款，告知将妨碍国家机关履行法定职责的查询（如公安机关依法办案的查询）不在此列。"
    "如有疑问，可以向审计监督部门或者履行个人信息保护职责的部门提出。"
)
