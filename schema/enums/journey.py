"""Where a person and a case stand between the agencies."""

from __future__ import annotations

from enum import Enum


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
