"""What is agreed, checked, treated and granted after release."""

from __future__ import annotations

from enum import Enum


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


class ControlStatus(Enum):
    """动态管控."""

    UNDER_CONTROL = "在控"
    LOST = "失控"
    CLEAN_UNDER_THREE_YEARS = "戒断不满三年"
    LIFTED = "戒断三年未复吸"
    ABROAD = "出国(境)"
    DECEASED = "死亡"
