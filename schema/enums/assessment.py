"""Diagnostic assessment in compulsory isolation, and the advice that follows from it."""

from __future__ import annotations

from enum import Enum


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
