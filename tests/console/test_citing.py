"""Articles are cited as each language's readers cite them."""

from __future__ import annotations

import pytest

from gateway.authorization.policy_set import read_policies
from gateway.console.citing import cited
from gateway.console.language import languages
from gateway.console.rendering import own

ZH, EN = languages()["zh"], languages()["en"]


@pytest.mark.parametrize(
    ("basis", "said"),
    [
        ("戒毒条例 34: who is due for release", "《戒毒条例》第34条"),
        ("禁毒法 52, 70 and 戒毒条例 7: an answer", "《禁毒法》第52条、第70条；《戒毒条例》第7条"),
        ("个人信息保护法 6 and 73(4): a count", "《个人信息保护法》第6条、第73条（4）"),
        ("戒毒条例 39 with 17 by analogy (禁毒法 48): the family", "《戒毒条例》第39条、第17条；《禁毒法》第48条"),
        ("戒毒条例 4: control (禁毒办通〔2016〕37号)", "《戒毒条例》第4条；禁毒办通〔2016〕37号"),
        (
            "戒毒条例 44: supervision; by choice without what was done",
            "《戒毒条例》第44条（并含本系统自行作出的规定）",
        ),
        ("code tables are published", "代码表、机关及行政区划为公开信息。"),
    ],
)
def test_in_chinese_the_articles_are_named_in_full(basis: str, said: str) -> None:
    assert cited(basis, ZH) == said
    assert cited(basis, EN) == basis


def test_every_rule_of_ours_is_cited_without_a_foreign_word() -> None:
    bases = [policy.basis for policy in read_policies().policies.values()]
    assert len(bases) > 60
    assert [basis for basis in bases if any(one.isascii() and one.isalpha() for one in cited(basis, ZH))] == []


@pytest.mark.parametrize(
    ("title", "zh", "en"),
    [
        ("审计人员 Auditor", "审计人员", "Auditor"),
        ("依法查询民警 Police officer with a case number", "依法查询民警", "Police officer with a case number"),
        ("动态管控民警 Dynamic-control officer", "动态管控民警", "Dynamic-control officer"),
        ("本人 某某（模拟）", "本人 某某（模拟）", "本人 某某（模拟）"),
    ],
)
def test_a_title_said_in_both_languages_is_shown_in_ones_own(title: str, zh: str, en: str) -> None:
    assert (own(title, ZH), own(title, EN)) == (zh, en)
