"""R1-R3: whether a facility must advise community recovery (社区康复) when somebody leaves. A decision table.

Source of the rule text: the seed paper of 2018-09-11 (江苏), which states R1-R3; the national assessment measure of
2013-09-02 (强制隔离戒毒诊断评估办法 art. 3, 6) names the four dimensions and makes the result the direct basis.
What the rules do not say stays UNSPECIFIED: all four favourable at expiry is such a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from schema.enums import AdviceOutcome


class Confidence(Enum):
    """How well the text behind a rule is known."""

    VERIFIED = "已核对原文"
    CITED = "二手引用"
    PROGRAMME = "项目规则"


@dataclass(frozen=True, slots=True)
class Clause:
    """The rule that decided."""

    id: str
    article: str
    text: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Advice:
    """An outcome and its clause; the clause is None where no rule speaks."""

    outcome: AdviceOutcome
    clause: Clause | None


_PAPER = "一体化建设论文(2018-09-11) 责令社区康复建议规则"
R1 = Clause("R1", f"{_PAPER} 一", "符合提前解除条件且戒毒情况良好的，可不建议责令社区康复。", Confidence.PROGRAMME)
R2 = Clause("R2", f"{_PAPER} 二", "期满前前三项评估任何一项不合格的，应当建议责令社区康复。", Confidence.PROGRAMME)
R3 = Clause(
    "R3", f"{_PAPER} 三", "前三项合格而社会环境与适应能力一般的，应当建议责令社区康复。", Confidence.PROGRAMME
)


def advise(
    detoxification: str | None,
    recovery: str | None,
    conduct: str | None,
    social_adaptation: str | None,
    *,
    early_release: bool,
) -> Advice | None:
    """What R1-R3 say of one assessment; None while a dimension that decides is missing.

    The first three are PASS or FAIL, the fourth GOOD or FAIR (names of schema.enums).
    """
    first_three = (detoxification, recovery, conduct)
    if "FAIL" in first_three:
        return Advice(AdviceOutcome.MUST, R2)
    if None in first_three or social_adaptation is None:
        return None
    if social_adaptation == "FAIR":
        return Advice(AdviceOutcome.MUST, R3)
    if early_release:
        return Advice(AdviceOutcome.NOT_REQUIRED, R1)
    return Advice(AdviceOutcome.UNSPECIFIED, None)
