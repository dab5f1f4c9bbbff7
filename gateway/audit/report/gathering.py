"""One pass over a period's entries, and some days more for what may follow them; every rule sees each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.audit.report.finding import Limits, Report
from gateway.audit.report.kin import OwnRecord, SameSurname
from gateway.audit.report.kinship import Kinship
from gateway.audit.report.looks import AfterHours, ManyLooked, MostPeople, NoCaseNumber, Refused
from gateway.audit.report.rule import Period, Rule, Token
from gateway.audit.report.sequels import NotFollowed, Unreviewed
from gateway.audit.search import Conditions, Search


async def report(
    search: Search,
    since: datetime,
    until: datetime,
    *,
    limits: Limits | None = None,
    kinship: Kinship | None = None,
    now: datetime | None = None,
) -> Report:
    """What the rules find in a period. Memory grows with its people and officials, not with its entries.

    ValueError for moments without time zone or in the wrong order; AuditUnavailable as from the search.
    """
    if since >= until:
        raise ValueError("the period ends before it begins")
    chosen = limits or Limits()
    period = Period(since, until, now or datetime.now(UTC))
    rules = all_rules(period, chosen, search.token, kinship)
    coverage = await search.coverage()
    seen = 0
    patience = max(timedelta(days=chosen.follow_up_days), timedelta(hours=chosen.review_hours))
    async for entry in search.stream(Conditions(since=since, until=until + patience), before=coverage.indexed):
        seen += period.holds(entry.record.at)
        for rule in rules:
            rule.see(entry)
    judged = tuple([await rule.judged() for rule in rules])
    return Report(since, until, period.now, seen, coverage.indexed, judged)


def all_rules(period: Period, limits: Limits, token: Token, kinship: Kinship | None) -> list[Rule]:
    """Every rule, ready to see entries, in the order in which they are told."""
    plain = (MostPeople, AfterHours, ManyLooked, Refused, NoCaseNumber, NotFollowed, Unreviewed)
    found: list[Rule] = [make(period, limits, token) for make in plain]
    return [*found, OwnRecord(period, limits, token, kinship), SameSurname(period, limits, token, kinship)]
