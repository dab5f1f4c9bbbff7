"""A report as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Final

import orjson

from gateway.audit.report.finding import Finding, Judged, Report, Text

CHINA: Final = timezone(timedelta(hours=8))
_WORDS: Final = {
    "subject": Text("工作人员", "official"),
    "agency": Text("单位", "agency"),
    "person": Text("人员", "person"),
    "day": Text("日期", "day"),
    "agencies": Text("单位数", "agencies"),
    "grant": Text("紧急查阅", "emergency access"),
    "reviewed": Text("复核", "reviewed"),
}
_HEAD: Final = Text("查阅日志报告", "Report on the access log")
_PERIOD: Final = Text("期间", "Period")
_ENTRIES: Final = Text("条目", "entries")
_INDEXED: Final = Text("索引至第 {} 条", "indexed up to entry {}")
_NOTHING: Final = Text("没有发现。", "Nothing found.")
_MORE: Final = Text("另有 {} 项未列出。", "{} more are not listed.")
_BEHIND: Final = Text("条目", "entries")


def as_json(report: Report) -> bytes:
    """Everything, keys sorted; moments in ISO 8601."""
    return orjson.dumps(asdict(report), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_text(report: Report, *, english: bool = False) -> str:
    """For reading: each rule with its explanation, then what it found with the first entries behind it."""
    return "\n".join(_lines(report, english=english)) + "\n"


def _lines(report: Report, *, english: bool) -> Iterator[str]:
    def said(text: Text) -> str:
        return text.en if english else text.zh

    yield said(_HEAD)
    yield f"{said(_PERIOD)}: {_day(report.since)} – {_day(report.until)}; {report.entries} {said(_ENTRIES)}; " + said(
        _INDEXED
    ).format(report.indexed)
    for judged in report.rules:
        yield ""
        yield f"■ {said(judged.title)}  [{judged.rule}] {judged.total}"
        yield f"  {said(judged.explanation)}"
        if judged.unjudged is not None:
            yield f"  ! {said(judged.unjudged)}"
        yield from _findings(judged, english=english)


def _findings(judged: Judged, *, english: bool) -> Iterator[str]:
    if not judged.findings and judged.unjudged is None:
        yield f"  {_NOTHING.en if english else _NOTHING.zh}"
    for finding in judged.findings:
        yield f"  - {_about(finding, english=english)}"
    left = judged.total - len(judged.findings)
    if left:
        yield f"  {(_MORE.en if english else _MORE.zh).format(left)}"


def _about(finding: Finding, *, english: bool) -> str:
    words = [
        f"{_WORDS[name].en if english else _WORDS[name].zh} {value}" for name, value in finding.about.items() if value
    ]
    places = " ".join(f"#{index}" for index, _ in finding.behind.entries)
    more = " …" if finding.behind.count > len(finding.behind.entries) else ""
    behind = _BEHIND.en if english else _BEHIND.zh
    return f"{finding.measure}  {', '.join(words)}  ({finding.behind.count} {behind}: {places}{more})"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
