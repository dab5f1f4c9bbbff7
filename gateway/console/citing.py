"""The articles that a rule stands on, as each language's readers cite them."""

from __future__ import annotations

import re
from typing import Final

from gateway.console.language import Language, mark

_CITED: Final = re.compile(
    r"(?P<law>[\u4e00-\u9fff]+(?:〔\d{4}〕\d+号)?)"
    r"(?P<articles>(?: \d+(?:\(\d+\))?(?:,(?= \d)| (?:with|and)(?= \d))?)*)"
)
_ARTICLE: Final = re.compile(r"(\d+)(?:\((\d+)\))?")
_OWN_CHOICE: Final = mark("with a rule of this system's own")
_NO_LAW: Final = mark("Code tables, agencies and jurisdictions are published.")


def cited(basis: str, language: Language) -> str:
    """A rule's basis as it stands in the policies; in Chinese its articles alone, and whether it goes beyond them.

    What the basis explains in English stays in docs/policy.md.
    """
    if language.code != "zh":
        return basis
    found: dict[str, None] = {}
    for one in _CITED.finditer(basis):
        articles = (
            f"第{number}条" + (f"（{part}）" if part else "") for number, part in _ARTICLE.findall(one["articles"])
        )
        law = one["law"]
        found[(law if "〔" in law else f"《{law}》") + "、".join(articles)] = None
    if not found:
        return language.text(_NO_LAW)
    choice = f"（{language.text(_OWN_CHOICE)}）" if re.search(r"\b[Bb]y choice\b", basis) else ""
    return "；".join(found) + choice
