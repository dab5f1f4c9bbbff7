"""The words that adapters and the graph share: canonical entities and their columns, declared once.

A column says what it is (type), what kind of information it is (label) and what the field calls it (Chinese
term). Manifests map agencies' columns to these names, the graph's fields point at them, policy reads their
labels, and every executor reads the same declaration. An entity's own label guards its rows as such: that a
visit took place is information even when no column of it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from schema import enums
from schema.label import Label


class Kind(StrEnum):
    """What a decoded value is, in Python: str, int, bool, date, datetime, enum member name, tuple of str."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ENUM = "enum"  # the member's NAME as str
    ID_NUMBER = "id_number"  # GB 11643, eighteen characters, upper-case X
    CODE = "code"  # a code of a published table, as str (GB/T 2260, GB/T 3304, organisation codes)
    TEXTS = "texts"  # tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical field of an entity."""

    name: str
    kind: Kind
    label: Label
    term: str
    enum: type[Enum] | None = None
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """One canonical record type; `label` guards that a row exists at all."""

    name: str
    term: str
    label: Label
    columns: Mapping[str, Column]

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]


def _entity(name: str, term: str, label: Label, *columns: Column) -> Entity:
    owned = {
        column.name: Column(column.name, column.kind, column.label, column.term, column.enum, name)
        for column in columns
    }
    return Entity(name, term, label, owned)


def _text(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.TEXT, label, term)


def _texts(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.TEXTS, label, term)


def _integer(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.INTEGER, label, term)


def _boolean(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.BOOLEAN, label, term)


def _date(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.DATE, label, term)


def _code(name: str, label: Label, term: str) -> Column:
    return Column(name, Kind.CODE, label, term)


def _enum(name: str, label: Label, term: str, enum: type[Enum]) -> Column:
    return Column(name, Kind.ENUM, label, term, enum)


PERSON_RECORD = _entity(
    "PersonRecord",
    "人员",
    Label.EXISTENCE,
    _text("name", Label.IDENTITY, "姓名"),
    _texts("formerNames", Label.IDENTITY, "曾用名"),
    _texts("aliases", Label.IDENTITY, "绰号/别名"),
    _text("romanisedName", Label.IDENTITY, "姓名拼音"),
    Column("idNumber", Kind.ID_NUMBER, Label.ID_NUMBER, "公民身份号码"),
    _texts("otherIdNumbers", Label.ID_NUMBER, "其他公民身份号码"),
    _text("documentNumber", Label.ID_NUMBER, "其他证件号码"),
    _enum("documentKind", Label.ID_NUMBER, "其他证件种类", enums.DocumentKind),
    _enum("sex", Label.IDENTITY, "性别", enums.Sex),
    _date("birthDate", Label.IDENTITY, "出生日期"),
    _code("ethnicity", Label.IDENTITY, "民族"),
    _enum("education", Label.IDENTITY, "文化程度", enums.Education),
    _enum("maritalStatus", Label.IDENTITY, "婚姻状况", enums.MaritalStatus),
    _code("domicileCode", Label.CONTACT, "户籍地区划"),
    _text("domicileAddress", Label.CONTACT, "户籍地详址"),
    _code("residenceCode", Label.CONTACT, "现居住地区划"),
    _text("residenceAddress", Label.CONTACT, "现居住地详址"),
    _code("executionPlaceCode", Label.CUSTODY, "执行地区划"),
    _texts("responsiblePoliceCodes", Label.POLICE, "管辖公安机关"),
    _texts("phones", Label.CONTACT, "联系电话"),
    _date("firstUsedOn", Label.DRUG_USE, "初次吸毒日期"),
    _date("firstCaughtOn", Label.DRUG_USE, "初次查获日期"),
    _texts("substances", Label.DRUG_USE, "滥用毒品种类"),
    _text("useMethod", Label.DRUG_USE, "吸毒方式"),
    _date("registeredOn", Label.DRUG_USE, "登记日期"),
    _enum("controlStatus", Label.POLICE, "动态管控状态", enums.ControlStatus),
    _date("controlEnteredOn", Label.POLICE, "录入动态管控日期"),
    _boolean("hivPositive", Label.HEALTH_HIV, "是否感染艾滋病病毒"),
    _boolean("sealed", Label.POLICE, "违法记录封存"),
    _date("diedOn", Label.IDENTITY, "死亡日期"),
)

MEASURE = _entity(
    "Measure",
    "措施",
    Label.CUSTODY,
    _enum("kind", Label.CUSTODY, "措施种类", enums.MeasureKind),
    _code("agencyCode", Label.CUSTODY, "执行机构代码"),
    _text("agencyName", Label.CUSTODY, "执行机构"),
    _text("decisionNumber", Label.POLICE, "决定书文号"),
    _date("startsOn", Label.CUSTODY, "起始日期"),
    _date("dueEndOn", Label.CUSTODY, "应届满日期"),
    _date("endedOn", Label.CUSTODY, "实际结束日期"),
    _enum("endReason", Label.CUSTODY, "结束原因", enums.EndReason),
    _enum("status", Label.CUSTODY, "执行状态", enums.MeasureStatus),
    _code("executionPlaceCode", Label.CUSTODY, "执行地区划"),
    _enum("phase", Label.CUSTODY, "戒治分期", enums.IsolationPhase),
    _integer("extensionMonths", Label.CUSTODY, "延长月数"),
    _integer("reductionDays", Label.CUSTODY, "缩短天数"),
    _date("orderedOn", Label.CUSTODY, "责令日期"),
    _date("reportedOn", Label.CUSTODY, "报到日期"),
    _date("releaseNoticeOn", Label.CUSTODY, "通知决定机关日期"),
    _boolean("collected", Label.CUSTODY, "是否必接必送"),
    _text("collectedBy", Label.CUSTODY, "接回单位"),
    _text("custodian", Label.CUSTODY, "托管单位"),
    _integer("points", Label.CUSTODY, "考核得分"),
)

DECISION = _entity(
    "Decision",
    "决定",
    Label.POLICE,
    _enum("kind", Label.POLICE, "决定种类", enums.DecisionKind),
    _text("number", Label.POLICE, "文号"),
    _date("decidedOn", Label.POLICE, "决定日期"),
    _code("agencyCode", Label.POLICE, "决定机关代码"),
    _text("agencyName", Label.POLICE, "决定机关"),
    _integer("termMonths", Label.POLICE, "期限(月)"),
    _date("startsOn", Label.POLICE, "期限起"),
    _date("endsOn", Label.POLICE, "期限止"),
    _code("executionPlaceCode", Label.POLICE, "执行地区划"),
    _date("servedOn", Label.POLICE, "送达日期"),
)

ASSESSMENT = _entity(
    "Assessment",
    "诊断评估",
    Label.ASSESSMENT,
    _enum("stage", Label.ASSESSMENT, "评估阶段", enums.AssessmentStage),
    _date("assessedOn", Label.ASSESSMENT, "评估日期"),
    _enum("detoxification", Label.ASSESSMENT, "生理脱毒", enums.PassFail),
    _enum("recovery", Label.ASSESSMENT, "身心康复", enums.PassFail),
    _enum("conduct", Label.ASSESSMENT, "行为表现", enums.PassFail),
    _enum("socialAdaptation", Label.ASSESSMENT, "社会环境与适应能力", enums.GoodFair),
    _boolean("advised", Label.ASSESSMENT, "责令社区康复建议"),
    _boolean("earlyRelease", Label.ASSESSMENT, "提前解除意见"),
    _integer("extensionMonths", Label.ASSESSMENT, "延期月数意见"),
)

AGREEMENT = _entity(
    "Agreement",
    "协议",
    Label.AFTERCARE,
    _enum("kind", Label.AFTERCARE, "协议种类", enums.AgreementKind),
    _date("signedOn", Label.AFTERCARE, "签订日期"),
    _date("endsOn", Label.AFTERCARE, "终止日期"),
    _code("agencyCode", Label.AFTERCARE, "签订机构代码"),
    _text("agencyName", Label.AFTERCARE, "签订机构"),
)

VISIT = _entity(
    "Visit",
    "走访",
    Label.AFTERCARE,
    _date("visitedOn", Label.AFTERCARE, "走访日期"),
    _enum("kind", Label.AFTERCARE, "走访方式", enums.VisitKind),
    _text("outcome", Label.AFTERCARE, "走访情况"),
    _text("agencyName", Label.AFTERCARE, "走访单位"),
)

DRUG_TEST = _entity(
    "DrugTest",
    "吸毒检测",
    Label.DRUG_USE,
    _date("dueOn", Label.DRUG_USE, "应检日期"),
    _date("testedOn", Label.DRUG_USE, "实检日期"),
    _enum("method", Label.DRUG_USE, "检测方式", enums.TestMethod),
    _enum("result", Label.DRUG_USE, "检测结果", enums.TestResult),
    _text("site", Label.DRUG_USE, "检测地点"),
)

TREATMENT = _entity(
    "Treatment",
    "医疗",
    Label.HEALTH,
    _enum("kind", Label.HEALTH, "治疗方式", enums.TreatmentKind),
    _date("startedOn", Label.HEALTH, "开始日期"),
    _date("endedOn", Label.HEALTH, "结束日期"),
    _text("facilityName", Label.HEALTH, "医疗机构"),
    _text("diagnosisCode", Label.HEALTH, "诊断编码"),
    _text("diagnosis", Label.HEALTH, "诊断"),
)

SUPPORT_GRANT = _entity(
    "SupportGrant",
    "救助",
    Label.SUPPORT,
    _enum("kind", Label.SUPPORT, "救助种类", enums.SupportKind),
    _date("startedOn", Label.SUPPORT, "起始日期"),
    _date("endedOn", Label.SUPPORT, "终止日期"),
    _text("agencyName", Label.SUPPORT, "经办机构"),
)

EMPLOYMENT = _entity(
    "Employment",
    "就业",
    Label.SUPPORT,
    _enum("status", Label.SUPPORT, "就业状态", enums.EmploymentStatus),
    _text("employer", Label.SUPPORT, "单位"),
    _date("startedOn", Label.SUPPORT, "起始日期"),
    _date("endedOn", Label.SUPPORT, "终止日期"),
)

TRAINING = _entity(
    "Training",
    "培训",
    Label.SUPPORT,
    _text("course", Label.SUPPORT, "课程"),
    _date("startedOn", Label.SUPPORT, "开班日期"),
    _date("completedOn", Label.SUPPORT, "结业日期"),
)

FAMILY_MEMBER = _entity(
    "FamilyMember",
    "家庭成员",
    Label.FAMILY,
    _text("name", Label.FAMILY, "姓名"),
    _enum("relation", Label.FAMILY, "与本人关系", enums.Relation),
    _text("phone", Label.FAMILY, "联系电话"),
)

EVENT = _entity(
    "Event",
    "事件",
    Label.CUSTODY,
    Column("at", Kind.DATETIME, Label.CUSTODY, "发生时间"),
    _enum("kind", Label.CUSTODY, "事件种类", enums.EventKind),
    _text("summary", Label.CUSTODY, "摘要"),
)

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        PERSON_RECORD,
        MEASURE,
        DECISION,
        ASSESSMENT,
        AGREEMENT,
        VISIT,
        DRUG_TEST,
        TREATMENT,
        SUPPORT_GRANT,
        EMPLOYMENT,
        TRAINING,
        FAMILY_MEMBER,
        EVENT,
    )
}


def column(entity: str, name: str) -> Column:
    """The declared column, or KeyError: a misspelt pointer stops the start."""
    return ENTITIES[entity].columns[name]
