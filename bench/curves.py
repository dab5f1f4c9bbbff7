"""How cost grows: each curve varies one thing in one run, so that it is a ratio whatever the machine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import linear_regression, median
from typing import Final
from unittest.mock import patch

from bench import people, queries
from bench.agencies import agencies
from bench.auditing import audit
from bench.contenders.house import OFFICER
from bench.contenders.unguarded import unguarded, unrecorded
from bench.gateways import gateway
from bench.guards import guards
from bench.inside import House, Without, house, upstream
from bench.load import Task, press
from bench.loop import run
from bench.people import Agencies
from bench.provinces import provinces
from bench.turns import fastest
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Decision, Facts
from gateway.tokens import Profile

_FIELDS: Final = (
    "name",
    "idNumber",  # masked for the officer: the first and last digits are left
    "sex",
    "birthDate",
    "education",
    "maritalStatus",
    "phones",
    "residence { address }",
    "domicile { address }",
)
_PLAIN: Final = (2, 4, 6)  # of these fields
_ALL: Final = len(_FIELDS)
_COUNTS: Final = (20, 60, 100)  # people
_MOST: Final = _COUNTS[-1]


def measured(name: str, directory: Path, *, small: bool = False) -> list[str]:
    """One curve as Markdown: its heading first."""
    return CURVES[name](directory, 0.1 if small else 1.0)


# ---- leaves -------------------------------------------------------------------------------------------------------


def leaves(directory: Path, scale: float) -> list[str]:
    """What one more field of one more person costs, one more object, and one more person."""
    with upstream(directory):
        found = {
            title: run(_leaf_costs(directory / title, scale, without), contender=True)
            for title, without in (("on, with a mask", unrecorded), ("off", unguarded))
        }
    lines = [
        "### Leaves",
        "",
        "In process, sources answered from memory, no log; a list of people, one field masked. Each list is asked in",
        "many short turns, all in turn; the median of the fastest fifth counts. A leaf is the slope over 2, 4 and 6",
        "plain fields of 100 people, a nested one telephone numbers and two places with their addresses, which two",
        "sources say and are merged first; a person is the slope over people. All in µs of CPU.",
        "",
        "| authorization | per leaf | per nested field | per person | 100 people, 2 fields | 100 people, 9 fields |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for title, costs in found.items():
        leaf = _slope({fields: costs[_MOST, fields] for fields in _PLAIN}) / _MOST
        nested = (costs[_MOST, _ALL] - costs[_MOST, _PLAIN[-1]]) / (_ALL - _PLAIN[-1]) / _MOST
        person = _slope({count: costs[count, _PLAIN[0]] for count in _COUNTS})
        ends = " | ".join(f"{costs[_MOST, fields]:,.0f}" for fields in (_PLAIN[0], _ALL))
        lines.append(f"| {title} | {leaf:.2f} | {nested:.2f} | {person:.1f} | {ends} |")
    return lines


async def _leaf_costs(directory: Path, scale: float, without: Without) -> dict[tuple[int, int], float]:
    """Of each list in µs; all of them meet the same moods of the machine."""
    lists = [(_MOST, fields) for fields in (*_PLAIN, _ALL)] + [(count, _PLAIN[0]) for count in _COUNTS[:-1]]
    found: dict[tuple[int, int], list[float]] = {each: [] for each in lists}
    async with house(directory, without) as asked:
        headers = [asked.headers()]
        for _ in range(max(5, round(60 * scale))):
            for (count, fields), costs in found.items():
                costs.append(await asked.cost([_list_of(count, fields)], headers, 0.15))
    return {each: fastest(costs) for each, costs in found.items()}


def _list_of(count: int, fields: int) -> bytes:
    chosen = " ".join(_FIELDS[:fields])
    query = queries.LIST[: queries.LIST.index("{", queries.LIST.index("node"))]
    return queries.body(f"{query}{{ {chosen} }} }} }} }}", "List", {"region": people.REGION, "first": count})


def _slope(costs: Mapping[int, float]) -> float:
    return linear_regression(list(costs), list(costs.values())).slope


# ---- people in the sources ----------------------------------------------------------------------------------------


def sources(directory: Path, scale: float) -> list[str]:
    """ONE and LIST while the sources hold more and more people."""
    lines = [
        "### People in the sources",
        "",
        "The gateway as a process; both questions at 16 at once. LIST finds the same 100 people each time.",
        "",
        "| people | ready after s | ONE per s | to the first | LIST per s | to the first | memory MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    first: dict[str, float] = {}
    for count in (people.THOUSAND, int(100_000 * scale), int(1_000_000 * scale)):
        with upstream(directory, count), gateway(directory / f"curve-{count}") as (running, headers, ready):
            agencies = Agencies()
            asked = {
                "ONE": [queries.one(agencies.token(number)).decode() for number in range(200)],
                "LIST": [queries.listed(people.REGION).decode()],
            }
            cells = []
            for question, bodies in asked.items():
                press(Task(running.port, headers, bodies, 16, 3 * scale))
                rate = press(Task(running.port, headers, bodies, 16, 6 * scale)).rate
                cells += [f"{rate:.1f}", f"{rate / first.setdefault(question, rate):.2f}"]
            lines.append(f"| {count:,} | {ready:.1f} | {' | '.join(cells)} | {running.resident_mb:.0f} |")
    return lines


# ---- viewers ------------------------------------------------------------------------------------------------------


def viewers(directory: Path, scale: float) -> list[str]:
    """ONE asked by one viewer, and in turn by many whose decisions all differ."""
    with upstream(directory):
        found, fresh, deciding = run(_viewed(directory, scale), contender=True)
    first = next(iter(found.values()))
    lines = [
        "### Viewers",
        "",
        "In process, sources answered from memory; ONE, asked in turn by viewers of different decision signatures.",
        f"A viewer met for the first time costs {fresh:,.0f} µs once: their token is verified, and two sets of facts",
        "are decided about for the first time, what they could see at best and what they may see of this person, at",
        f"{deciding:,.0f} µs each. All are medians.",
        "",
        "| signatures | µs CPU per request | to the first |",
        "|---:|---:|---:|",
    ]
    return lines + [f"| {count} | {cost:,.0f} | {cost / first:.2f} |" for count, cost in found.items()]


async def _viewed(directory: Path, scale: float) -> tuple[dict[int, float], float, float]:
    decided: list[float] = []
    decide = CedarAuthorizer._decide

    def timed(self: CedarAuthorizer, facts: Facts) -> Decision:
        began = time.thread_time()
        decision = decide(self, facts)
        decided.append((time.thread_time() - began) * 1e6)
        return decision

    with patch.object(CedarAuthorizer, "_decide", timed):
        async with house(directory / "curve-viewers") as asked:
            body = queries.one(Agencies().token(7))
            headers = [asked.headers(profile) for profile in itertools.islice(_profiles(), 96)]
            costs: dict[int, float] = {}
            for count in (1, 8, 32):
                await _each(asked, body, headers[:count])
                costs[count] = await asked.cost([body], headers[:count], 3 * scale)
            decided.clear()
            fresh = await _each(asked, body, headers[32:])
            again = await _each(asked, body, headers[32:])
            costs[96] = await asked.cost([body], headers, 3 * scale)
    return costs, max(0.0, median(fresh) - median(again)), median(decided)


async def _each(asked: House, body: bytes, headers: Sequence[Mapping[str, str]]) -> list[float]:
    costs = []
    for one in headers:
        began = time.process_time()
        await asked.ask(body, one)
        costs.append((time.process_time() - began) * 1e6)
    return costs


def _profiles() -> Iterator[Profile]:
    """Officers who also hold other roles: each combination is decided by itself."""
    others = (
        "TOWNSHIP_WORKER",
        "POLICE_CASE_OFFICER",
        "FACILITY_ASSESSOR",
        "FACILITY_RELEASE_OFFICER",
        "CENTRE_OFFICER",
        "DYNAMIC_CONTROL_OFFICER",
        "LEGAL_AID_OFFICER",
    )
    for size in range(len(others) + 1):
        for number, roles in enumerate(itertools.combinations(others, size)):
            yield replace(OFFICER, subject=f"staff-{size}-{number}", roles=OFFICER.roles | set(roles))


CURVES: Final[Mapping[str, Callable[[Path, float], list[str]]]] = {
    "guards": guards,
    "leaves": leaves,
    "viewers": viewers,
    "agencies": agencies,
    "provinces": provinces,
    "sources": sources,
    "audit": audit,
}
