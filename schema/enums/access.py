"""Who asks, why, and what lets them see more than usual."""

from __future__ import annotations

from enum import Enum


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


class ConsentSigner(Enum):
    """Who signed a consent: for somebody under eighteen the guardian (个人信息保护法 31, extended by choice)."""

    PERSON = "本人"
    GUARDIAN = "监护人"


class Clearance(Enum):
    """Up to what a viewer is cleared for state secrets, from the lowest (保守国家秘密法 43: 涉密人员)."""

    NONE = "非涉密人员"
    GENERAL = "一般涉密人员"
    IMPORTANT = "重要涉密人员"
    CORE = "核心涉密人员"


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
