"""Synthetic people of three agencies: register, custody, support. Made from a number alone, so the same everywhere.

The first thousand live in ten cities of Jiangsu, a hundred in each; whoever is added lives outside Nanjing, so that
the list stays the same list however large the sources grow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from gateway.identity.token import TokenService
from schema.codes import REGIONS, check_digit

TOKEN_KEY: Final = b"bench key of synthetic people..."
REGION: Final = "320100"
CITIES: Final = ("320100", *(f"32{number:02d}00" for number in range(2, 11)))
THOUSAND: Final = 1_000

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟强磊军洋勇杰涛超明芳娜敏静丽艳娟霞婷雪"
_EDUCATION = ("PRIMARY", "JUNIOR_HIGH", "SENIOR_HIGH", "SECONDARY_VOCATIONAL", "JUNIOR_COLLEGE")
_MARRIAGES = ("UNMARRIED", "FIRST_MARRIAGE", "DIVORCED")
_EMPLOYERS = ("纺织厂", "物流园", "家具厂", "果园合作社", "电子厂")

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Agencies:
    """The three agencies' rows of `count` people."""

    count: int = THOUSAND
    tokens: dict[str, int] = field(default_factory=dict)  # pseudonym -> number

    def __post_init__(self) -> None:
        service = TokenService(TOKEN_KEY, "1")
        for number in range(self.count):
            token = service.mint(id_number(number))
            if token is not None:
                self.tokens[token] = number

    def numbers(self, ids: Iterable[str]) -> list[int]:
        """The people meant by pseudonyms or by an agency's own keys (`R7`, `C7`, `S7`)."""
        found = (self.tokens.get(one, int(one[1:]) if one[1:].isdigit() else -1) for one in ids)
        return [number for number in found if 0 <= number < self.count]

    def under(self, region: str) -> list[int]:
        """The people who live in a region, in the order of their pseudonyms."""
        living = {number for number in range(self.count) if residence(number).startswith(region.rstrip("0"))}
        return [
            number
            for _, number in sorted((token, number) for token, number in self.tokens.items())
            if number in living
        ]

    def token(self, number: int) -> str:
        """Somebody's pseudonym."""
        return TokenService(TOKEN_KEY, "1").mint(id_number(number)) or ""


def id_number(number: int) -> str:
    """A number of a region that was never assigned (329901 to 329999)."""
    region, order = 329901 + number // 999 % 99, number % 999 + 1
    first = f"{region}{born(number):%Y%m%d}{order:03d}"
    return first + check_digit(first)


def born(number: int) -> date:
    """Between 1960 and 1999; adults all."""
    return date(1960 + number % 40, 1 + number % 12, 1 + number % 28)


def residence(number: int) -> str:
    """A county of one of ten cities; of nine for whoever comes after the first thousand."""
    city = CITIES[number % 10] if number < THOUSAND else CITIES[1 + number % 9]
    counties = REGIONS.children(city)
    return str(counties[number // 10 % len(counties)])


def register(number: int, token: str) -> Row:
    """The register's row."""
    home, away = residence(number), residence((number + 3) % THOUSAND)
    return {
        "no": f"R{number}",
        "id": token,
        "name": _SURNAMES[number % 20] + _GIVEN[number // 20 % 20] + _GIVEN[number // 7 % 20],
        "idNumber": id_number(number),
        "sex": "FEMALE" if number % 3 == 0 else "MALE",
        "birthDate": born(number).isoformat(),
        "education": _EDUCATION[number % 5],
        "maritalStatus": _MARRIAGES[number % 3],
        "phones": [f"1380{number:07d}", f"1390{number:07d}"],
        "domicileCode": away,
        "domicileName": REGIONS.name(away),
        "domicileAddress": f"桂花路{number % 200 + 1}号",
        "residenceCode": home,
        "residenceName": REGIONS.name(home),
        "residenceAddress": f"银杏街{number % 300 + 1}号{number % 30 + 1}室",
    }


def custody(number: int, token: str) -> Row:
    """The custody system's file: one journey with two measures, two assessments, an agreement."""
    key, begun = f"C{number}", date(2022, 1, 10) + timedelta(days=number % 300)
    released = begun + timedelta(days=730)
    reported = released + timedelta(days=10)
    return {
        "no": key,
        "id": token,
        "idNumber": id_number(number),
        "openedOn": begun.isoformat(),
        "stage": "IN_COMMUNITY",
        "measures": [
            {
                "no": f"{key}-1",
                "person": key,
                "kind": "COMPULSORY_ISOLATION",
                "startsOn": begun.isoformat(),
                "dueEndOn": released.isoformat(),
                "endedOn": released.isoformat(),
                "endReason": "EXPIRED",
                "status": "COMPLETED",
                "agencyCode": "320000300001",
                "agencyName": "青山强制隔离戒毒所（模拟）",
                "orderedOn": None,
                "reportedOn": None,
            },
            {
                "no": f"{key}-2",
                "person": key,
                "kind": "COMMUNITY_RECOVERY",
                "startsOn": reported.isoformat(),
                "dueEndOn": (reported + timedelta(days=1095)).isoformat(),
                "endedOn": None,
                "endReason": None,
                "status": "ACTIVE",
                "agencyCode": "320000700001",
                "agencyName": "江宁社区康复工作站（模拟）",
                "orderedOn": (released - timedelta(days=5)).isoformat(),
                "reportedOn": reported.isoformat(),
            },
        ],
        "assessments": [
            _assessment(key, 1, "BEFORE_EXPIRY", released - timedelta(days=30), "GOOD"),
            _assessment(key, 2, "AFTER_ONE_YEAR", begun + timedelta(days=365), "FAIR"),
        ],
        "agreements": [
            {
                "no": f"{key}-5",
                "person": key,
                "kind": "COMMUNITY_RECOVERY",
                "signedOn": reported.isoformat(),
                "endsOn": (reported + timedelta(days=1095)).isoformat(),
                "agencyCode": "320000700001",
                "agencyName": "江宁社区康复工作站（模拟）",
            }
        ],
    }


def _assessment(key: str, turn: int, stage: str, day: date, adaptation: str) -> Row:
    return {
        "no": f"{key}-A{turn}",
        "person": key,
        "stage": stage,
        "assessedOn": day.isoformat(),
        "detoxification": "PASS",
        "recovery": "PASS",
        "conduct": "PASS",
        "socialAdaptation": adaptation,
        "advised": turn == 1,
    }


def support(number: int, token: str) -> Row:
    """The support system's file: two grants and a job, newest first."""
    key, first = f"S{number}", date(2024, 3, 1) + timedelta(days=number % 200)
    return {
        "no": key,
        "id": token,
        "idNumber": id_number(number),
        "grants": [
            {
                "no": f"{key}-2",
                "person": key,
                "kind": "MEDICAL_AID",
                "startedOn": (first + timedelta(days=90)).isoformat(),
                "endedOn": None,
                "agencyName": "民政局救助科（模拟）",
            },
            {
                "no": f"{key}-1",
                "person": key,
                "kind": "TEMPORARY_RELIEF",
                "startedOn": first.isoformat(),
                "endedOn": (first + timedelta(days=60)).isoformat(),
                "agencyName": "民政局救助科（模拟）",
            },
        ],
        "employments": [
            {
                "no": f"{key}-3",
                "person": key,
                "status": "EMPLOYED",
                "employer": _EMPLOYERS[number % 5],
                "startedOn": (first + timedelta(days=30)).isoformat(),
            }
        ],
    }
