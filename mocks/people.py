"""Makes one synthetic person: name, papers, homes and habits, before anything happens to them."""

from __future__ import annotations

from datetime import date
from random import Random

from mocks import names, places
from mocks.life import Life, Relative

SUBSTANCES = ("海洛因", "冰毒", "摇头丸", "氯胺酮", "大麻", "合成大麻素")
USE_METHODS = ("烫吸", "注射", "口服", "鼻吸")
_EDUCATION = ("PRIMARY", "JUNIOR_HIGH", "JUNIOR_HIGH", "SENIOR_HIGH", "SECONDARY_VOCATIONAL", "JUNIOR_COLLEGE")
_MARRIAGE = ("UNMARRIED", "UNMARRIED", "FIRST_MARRIAGE", "REMARRIED", "DIVORCED", "WIDOWED")
_RELATIONS = ("PARENT", "SPOUSE", "SIBLING", "CHILD", "OTHER")


def check_digit(seventeen: str) -> str:
    """GB 11643 (ISO 7064 MOD 11-2)."""
    remainder = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(seventeen)) % 11
    return "10X98765432"[remainder]


class Registry:
    """Hands out id numbers, each once, under region codes that were never assigned (329901-329999)."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()

    def number(self, born: date, sex: str) -> str:
        """A valid, fresh id number."""
        while True:
            order = self._random.randrange(0, 500) * 2 + (1 if sex == "MALE" else 0)
            body = f"3299{self._random.randint(1, 99):02d}{born:%Y%m%d}{order:03d}"
            number = body + check_digit(body)
            if number[:17] not in self._taken and number[:6] + number[8:17] not in self._taken:
                self._taken |= {number[:17], number[:6] + number[8:17]}
                return number


def _phone(random: Random) -> str:
    return f"1{random.choice((39, 50, 58, 77, 86, 98))}0000{random.randint(0, 9999):04d}"


def person(
    random: Random,
    registry: Registry,
    number: int,
    *,
    residence: str,
    domicile: str | None = None,
    born: date | None = None,
    sex: str | None = None,
    name: str | None = None,
) -> Life:
    """A person with papers who lives in county `residence`; what is not given is drawn."""
    sex = sex or ("FEMALE" if random.random() < 0.17 else "MALE")
    home = domicile or residence
    ethnicity = {"653101": "05", "150102": "02"}.get(home) or random.choices(("01", "11", "05", "02"), (95, 2, 2, 1))[
        0
    ]
    born = born or date(random.randint(1962, 2000), random.randint(1, 12), random.randint(1, 28))
    called = name or names.full_name(random, sex, ethnicity)
    used = date(born.year + random.randint(16, 30), random.randint(1, 12), random.randint(1, 28))
    drugs = tuple(random.sample(SUBSTANCES, random.choices((1, 2, 3), (70, 24, 6))[0]))
    plain = "·" not in called
    return Life(
        number=number,
        name=called,
        former_name=_former_name(random, called, sex) if plain and random.random() < 0.05 else None,
        alias=names.alias(random) if random.random() < 0.2 else None,
        id_number=registry.number(born, sex),
        second_id_number=registry.number(born, sex) if random.random() < 0.015 else None,
        passport=f"E{random.randint(10_000_000, 99_999_999)}" if random.random() < 0.05 else None,
        sex=sex,
        birth_date=born,
        ethnicity=ethnicity,
        education=random.choice(_EDUCATION),
        marital_status=random.choice(_MARRIAGE),
        phones=tuple(_phone(random) for _ in range(random.choice((1, 1, 2)))),
        domicile=home,
        domicile_address=places.address(random, home),
        residence=residence,
        residence_address=places.address(random, residence),
        first_used_on=used,
        substances=drugs,
        use_method=random.choice(USE_METHODS),
        first_caught_on=used,
        control_status="UNDER_CONTROL",
        control_entered_on=None,
        hiv_positive=random.random() < 0.02,
        sealed=random.random() < 0.03,
        died_on=None,
        family=tuple(_relatives(random, called)),
    )


def _former_name(random: Random, name: str, sex: str) -> str:
    surname = names.surname_of(name)
    return next(former for former in (surname + names.given_name(random, sex) for _ in range(99)) if former != name)


def _relatives(random: Random, name: str) -> list[Relative]:
    relations = random.sample(_RELATIONS, random.choice((1, 2, 2, 3)))
    found = []
    for relation in relations:
        sex = random.choice(("MALE", "FEMALE"))
        same = relation in ("PARENT", "SIBLING", "CHILD") and "·" not in name
        called = names.surname_of(name) + names.given_name(random, sex) if same else names.full_name(random, sex)
        found.append(Relative(called, relation, _phone(random) if random.random() < 0.8 else None))
    return found
