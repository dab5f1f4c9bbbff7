"""The closed word lists of the graph. A member's value is its Chinese term; its name is what travels.

Adapters decode agencies' codes to these names, policies and the SDL use the same names, and the Chinese term
becomes the description in the SDL.
"""

from __future__ import annotations

from enum import Enum


class Sex(Enum):
    """GB/T 2261.1."""

    UNKNOWN = "未知的性别"
    MALE = "男"
    FEMALE = "女"
    UNSPECIFIED = "未说明的性别"


class MaritalStatus(Enum):
    """GB/T 2261.2."""

    UNMARRIED = "未婚"
    MARRIED = "已婚"
    FIRST_MARRIAGE = "初婚"
    REMARRIED = "再婚"
    REMARRIED_TO_SAME = "复婚"
    WIDOWED = "丧偶"
    DIVORCED = "离婚"
    UNSPECIFIED = "未说明的婚姻状况"


class Education(Enum):
    """GB/T 4658, first digit."""

    GRADUATE_SCHOOL = "研究生教育"
    UNDERGRADUATE = "大学本科教育"
    JUNIOR_COLLEGE = "大学专科教育"
    SECONDARY_VOCATIONAL = "中等职业教育"
    SENIOR_HIGH = "普通高级中学教育"
    JUNIOR_HIGH = "初级中学教育"
    PRIMARY = "小学教育"
    OTHER = "其他"


class NameKind(Enum):
    """What another name of a person is."""

    FORMER = "曾用名"
    ALIAS = "绰号/别名"
    ROMANISED = "拼音"


class AgencyKind(Enum):
    """The kinds of agency that hold a stretch of the journey."""

    POLICE = "公安机关"
    POLICE_STATION = "派出所"
    ISOLATION_FACILITY = "强制隔离戒毒所"
    REHABILITATION_CENTRE = "戒毒康复所"
    COMMUNITY_STATION = "社区戒毒社区康复工作站"
    TOWNSHIP = "乡镇人民政府、街道办事处"
    AFTERCARE = "司法行政后续照管部门"
    CIVIL_AFFAIRS = "民政部门"
    EMPLOYMENT = "人力资源社会保障部门"
    HOSPITAL = "戒毒医疗机构"
    GATEWAY = "省级一体化网关"
    OVERSIGHT = "审计监督部门"
    MEDICAL_SECURITY = "医疗保障部门"
    TAX = "税务机关"
    LEGAL_AID = "法律援助机构"
    SOCIAL_WORK = "禁毒社会工作服务机构"
    STATISTICS = "统计机构"


class JurisdictionLevel(Enum):
    """GB/T 2260 levels; township below it by GB/T 10114."""

    COUNTRY = "国家"
    PROVINCE = "省级"
    CITY = "地级"
    COUNTY = "县级"
    TOWNSHIP = "乡级"


class MeasureKind(Enum):
    """The six measures."""

    COMPULSORY_ISOLATION = "强制隔离戒毒"
    REHABILITATION_STAY = "戒毒康复"
    COMMUNITY_TREATMENT = "社区戒毒"
    COMMUNITY_RECOVERY = "社区康复"
    VOLUNTARY_TREATMENT = "自愿戒毒"
    AFTERCARE = "后续照管"


class MeasureStatus(Enum):
    """Where one measure stands."""

    ORDERED = "已决定未执行"
    ACTIVE = "执行中"
    SUSPENDED = "中止"
    COMPLETED = "期满解除"
    ENDED_EARLY = "提前解除"
    CONVERTED = "变更措施"
    TERMINATED = "终止"
    UNKNOWN = "不明"


class EndReason(Enum):
    """Why a measure ended."""

    EXPIRED = "期满解除"
    EARLY_RELEASE = "提前解除"
    CONVERTED = "变更措施"
    SERIOUS_VIOLATION = "严重违反协议"
    CRIMINAL_PENALTY = "刑事处罚"
    DIED = "死亡"
    MOVED = "变更执行地"
    WITHDRAWN = "自愿结束"
    OTHER = "其他"


class IsolationPhase(Enum):
    """分期: the phases of compulsory isolation."""

    ADMISSION = "入所前"
    DETOXIFICATION = "生理脱毒期"
    ADAPTATION = "教育适应期"
    CONSOLIDATION = "康复巩固期"
    REORIENTATION = "回归指导期"


class DecisionKind(Enum):
    """The police decisions that open, change and close a measure."""

    COMMUNITY_TREATMENT_ORDER = "责令社区戒毒决定"
    COMPULSORY_ISOLATION_ORDER = "强制隔离戒毒决定"
    EXTENSION = "延长强制隔离戒毒期限决定"
    EARLY_RELEASE = "提前解除强制隔离戒毒决定"
    COMMUNITY_RECOVERY_ORDER = "责令社区康复决定"
    COMMUNITY_TREATMENT_DISCHARGE = "解除社区戒毒"
    COMMUNITY_RECOVERY_DISCHARGE = "解除社区康复"


class AssessmentStage(Enum):
    """诊断评估 stages (强制隔离戒毒诊断评估办法)."""

    ADMISSION = "入所调查"
    DETOXIFICATION = "生理脱毒阶段性评估"
    AFTER_ONE_YEAR = "一年后综合评估"
    BEFORE_EXPIRY = "期满前综合评估"


class PassFail(Enum):
    """Dimensions one to three."""

    PASS = "合格"
    FAIL = "不合格"


class GoodFair(Enum):
    """Dimension four."""

    GOOD = "良好"
    FAIR = "一般"


class AdviceOutcome(Enum):
    """What R1-R3 say of advising community recovery."""

    MUST = "应当建议"
    NOT_REQUIRED = "可不建议"
    UNSPECIFIED = "规则未规定"


class AgreementKind(Enum):
    """What an agreement binds to."""

    COMMUNITY_TREATMENT = "社区戒毒协议"
    COMMUNITY_RECOVERY = "社区康复协议"
    REHABILITATION = "戒毒康复协议"
    AFTERCARE = "帮教协议"
    VOLUNTARY = "自愿戒毒协议"


class VisitKind(Enum):
    """How somebody was followed up."""

    HOME = "上门走访"
    OFFICE = "来站面谈"
    PHONE = "电话"
    VIDEO = "视频"


class TestMethod(Enum):
    """What a drug test looked at."""

    URINE = "尿液"
    HAIR = "毛发"
    SALIVA = "唾液"
    BLOOD = "血液"


class TestResult(Enum):
    """What a drug test found."""

    NEGATIVE = "阴性"
    POSITIVE = "阳性"
    REFUSED = "拒检"
    MISSED = "未到"
    PENDING = "待出结果"


class TreatmentKind(Enum):
    """How a hospital treats."""

    INPATIENT = "住院"
    OUTPATIENT = "门诊"
    METHADONE = "药物维持治疗"


class SupportKind(Enum):
    """What can be granted or applied for."""

    TEMPORARY_RELIEF = "临时救助"
    MINIMUM_LIVING = "最低生活保障"
    MEDICAL_AID = "医疗救助"
    JOB_PLACEMENT = "就业援助"
    TRAINING = "免费职业培训"


class EmploymentStatus(Enum):
    """How somebody works."""

    EMPLOYED = "在业"
    UNEMPLOYED = "登记失业"
    SELF_EMPLOYED = "自主创业"
    UNKNOWN = "不详"


class Relation(Enum):
    """GB/T 4761, folded."""

    SPOUSE = "配偶"
    PARENT = "父母"
    CHILD = "子女"
    SIBLING = "兄弟姐妹"
    OTHER = "其他"


class ControlStatus(Enum):
    """动态管控."""

    UNDER_CONTROL = "在控"
    LOST = "失控"
    CLEAN_UNDER_THREE_YEARS = "戒断不满三年"
    LIFTED = "戒断三年未复吸"
    ABROAD = "出国(境)"
    DECEASED = "死亡"


class DocumentKind(Enum):
    """What a document number is a number of."""

    RESIDENT_ID = "居民身份证"
    PASSPORT = "护照"
    MAINLAND_TRAVEL_PERMIT = "港澳居民来往内地通行证"
    RESIDENCE_PERMIT = "外国人永久居留身份证"
    OTHER = "其他证件"


class EventKind(Enum):
    """What happened, on a timeline."""

    DECIDED = "决定"
    ADMITTED = "入所"
    ASSESSED = "诊断评估"
    RELEASED = "出所"
    COLLECTED = "接回"
    ORDERED = "责令社区康复"
    REPORTED = "报到"
    NOT_REPORTED = "逾期未报到"
    AGREEMENT_SIGNED = "签订协议"
    VISITED = "走访"
    TESTED = "检测"
    VIOLATED = "严重违反协议"
    LOST = "脱失"
    TREATED = "就医"
    SUPPORTED = "帮扶救助"
    EMPLOYED = "就业"
    CONTROL_ENTERED = "录入动态管控"
    TRANSFERRED = "变更执行地"
    ENDED = "解除"
    OTHER = "其他"


class PersonStatus(Enum):
    """Where a person stands between the agencies; derived, never stored."""

    IN_ISOLATION = "在所强制隔离戒毒"
    IN_REHABILITATION_CENTRE = "在戒毒康复所"
    IN_COMMUNITY_TREATMENT = "社区戒毒中"
    RELEASED_NOT_ORDERED = "已出所未责令社区康复"
    ORDERED_NOT_REPORTED = "已责令未报到"
    IN_COMMUNITY_RECOVERY = "社区康复中"
    IN_VOLUNTARY_TREATMENT = "自愿戒毒中"
    IN_AFTERCARE = "后续照管中"
    COMPLETED = "已期满"
    DECEASED = "死亡"
    UNKNOWN = "不明"


class CaseStage(Enum):
    """How far a journey has come."""

    DECIDED = "已决定"
    ISOLATED = "强制隔离"
    RELEASED = "已出所"
    ORDERED = "已责令社区康复"
    IN_COMMUNITY = "社区执行中"
    AFTERCARE = "后续照管"
    CLOSED = "已结案"
    UNKNOWN = "不明"


class Role(Enum):
    """Who asks. One Viewer may hold several."""

    FACILITY_ASSESSOR = "戒毒所诊断评估人员"
    FACILITY_RELEASE_OFFICER = "戒毒所出所管理民警"
    CENTRE_OFFICER = "戒毒康复所工作人员"
    POLICE_CASE_OFFICER = "公安办案民警"
    DYNAMIC_CONTROL_OFFICER = "公安动态管控民警"
    TOWNSHIP_WORKER = "乡镇街道社区戒毒社区康复专职人员"
    SOCIAL_WORKER = "禁毒社会工作者"
    AFTERCARE_OFFICER = "后续照管工作人员"
    HOSPITAL_DOCTOR = "戒毒医疗机构医师"
    CIVIL_AFFAIRS_CLERK = "民政经办人员"
    EMPLOYMENT_CLERK = "人力资源社会保障经办人员"
    MEDICAL_AID_CLERK = "医疗救助经办人员"
    TAX_CLERK = "税务经办人员"
    LEGAL_AID_OFFICER = "法律援助人员"
    STATISTICIAN = "统计人员"
    AUDITOR = "审计人员"
    SUPERVISOR = "业务督导人员"
    SUBJECT = "本人"
    RELATIVE = "亲属"


class Purpose(Enum):
    """Why somebody asks: one per token."""

    TREATMENT = "戒毒治疗"
    ASSESSMENT = "诊断评估"
    HANDOFF = "衔接交接"
    AFTERCARE = "后续照管"
    SUPPORT = "帮扶救助"
    STATUTORY_QUERY = "依法查询"
    STATISTICS = "统计"
    AUDIT = "审计"
    OWN_ACCESS = "本人查询"


class Clearance(Enum):
    """Up to what a viewer is cleared for state secrets, from the lowest (保守国家秘密法 43: 涉密人员)."""

    NONE = "非涉密人员"
    GENERAL = "一般涉密人员"
    IMPORTANT = "重要涉密人员"
    CORE = "核心涉密人员"


class Quality(Enum):
    """What an adapter noticed about a value: it is kept, flagged and shown, never silently repaired."""

    MALFORMED = "格式错误"
    UNMAPPED_CODE = "代码未收录"
    CHECKSUM_FAILED = "校验位不符"
    UPGRADED_FROM_15 = "由15位升位"
    NORMALISED = "已规范化"
    TRUNCATED = "疑似截断"
    FUTURE_DATE = "未来日期"
    RETIRED_CODE = "已撤销代码"
    OPEN_ENDED = "无终止日期占位"
    MISSING = "来源未提供"


class ConsentSigner(Enum):
    """Who signed a consent: for somebody under eighteen the guardian (个人信息保护法 31, extended by choice)."""

    PERSON = "本人"
    GUARDIAN = "监护人"


class RecipientKind(Enum):
    """To whom a consent opens something."""

    AGENCY = "机构"
    RELATIVE = "亲属"


class BreakGlassReason(Enum):
    """Why an emergency cannot wait (个人信息保护法 13(4))."""

    LIFE_IN_DANGER = "抢救生命"
    SELF_HARM = "自伤自杀风险"
    HARM_TO_OTHERS = "危及他人安全"
    MISSING_PERSON = "查找失联人员"
    PUBLIC_HEALTH = "突发公共卫生事件"


class BreakGlassVerdict(Enum):
    """What a reviewer found."""

    JUSTIFIED = "理由成立"
    UNJUSTIFIED = "理由不成立"


class BreakGlassState(Enum):
    """Where an emergency access stands."""

    IN_FORCE = "生效中"
    UNREVIEWED = "待复核"
    OVERDUE = "逾期未复核"
    REVIEWED = "已复核"
