"""The measures that the law knows, and the decisions that open, change and close them."""

from __future__ import annotations

from enum import Enum


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
