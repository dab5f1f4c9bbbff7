"""The people of the tour: ten life courses that are always there, each showing one thing the field complains of.

cross_province        isolated in Jiangsu, community recovery in Zhejiang, where the household is
returned              isolated in Zhejiang, community recovery in Jiangsu, where the household is
ordered_not_reported  released and ordered, weeks overdue at the township
conflict              police and facility disagree about name, birth date and residence
two_numbers           one person, two valid id numbers; police know both, the facility only the second
never_ordered         advised (MUST), released, never ordered and never entered into dynamic control
relief_applicant      in community recovery, applied for relief, looking for work
out_of_province       an Anhui household, lives in Jiangsu, excluded from aftercare by household
minor                 sixteen when caught, still under eighteen
sealed                a violation record that is sealed
hiv                   HIV positive, treated as an outpatient
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from mocks import accompaniment, agencies, courses, measures, people
from mocks.courses import Course
from mocks.life import Life
from mocks.people import Registry

Told = tuple[Life, Course]
_PASSED = ("PASS", "PASS", "PASS", "FAIR")


class Teller:
    """Draws the tour's people with the same means as everybody else, but with fixed outlines."""

    def __init__(self, random: Random, registry: Registry, today: date) -> None:
        self._random = random
        self._registry = registry
        self._today = today

    def _someone(
        self, number: int, name: str, sex: str, born: date, residence: str, domicile: str | None = None
    ) -> Life:
        drawn = people.person(
            self._random,
            self._registry,
            number,
            residence=residence,
            domicile=domicile,
            born=born,
            sex=sex,
            name=name,
        )
        return replace(
            drawn,
            former_name=None,
            alias=None,
            second_id_number=None,
            passport=None,
            hiv_positive=False,
            sealed=False,
            ethnicity="01",
        )

    def _course(self, life: Life, county: str | None = None) -> Course:
        return Course(self._random, self._today, county or life.residence, life.sex)

    def _release(
        self, course: Course, months_ago: int, *, collected: bool = True, outcome: courses.Dimensions = _PASSED
    ) -> date:
        decided = courses.months_after(self._today, -24 - months_ago) + timedelta(days=9)
        term = measures.isolate(course, decided, outcome, collected=collected)
        end = courses.months_after(decided, 24)
        course.terms[-1] = replace(
            term,
            due_end_on=end,
            ended_on=end,
            extension_months=0,
            release_notice_on=end - timedelta(days=5),
        )
        return end

    def cross_province(self, number: int) -> Told:
        """Isolation in Jiangsu, recovery at the household in Zhejiang."""
        life = self._someone(number, "沈浩然", "MALE", date(1988, 4, 12), "330482")
        course = self._course(life, "320583")
        released = self._release(course, 13)
        measures.order_recovery(course, released, "330482901")
        course.county = "330482"
        measures.look_after(course, released, custodian="浙江省戒毒后续照管指导中心（模拟）")
        return life, course

    def returned(self, number: int) -> Told:
        """Isolation in Zhejiang, recovery at the household in Jiangsu."""
        life = self._someone(number, "葛明辉", "MALE", date(1991, 9, 3), "320481")
        course = self._course(life, "330113")
        released = self._release(course, 10)
        measures.order_recovery(course, released, "320481901")
        course.county = "320481"
        measures.look_after(course, released)
        accompaniment.help_along(course, released)
        return life, course

    def ordered_not_reported(self, number: int) -> Told:
        """Overdue at the township for weeks."""
        life = self._someone(number, "周志强", "MALE", date(1985, 1, 26), "321183")
        course = self._course(life)
        released = self._release(course, 3, collected=False)
        measures.order_recovery(course, released, "321183901", report="NEVER")
        return life, course

    def conflict(self, number: int) -> Told:
        """Two agencies tell two things."""
        life = self._someone(number, "吴晓燕", "FEMALE", date(1990, 6, 15), "321003")
        life = replace(life, former_name="吴小燕", marital_status="DIVORCED", education="JUNIOR_HIGH")
        course = self._course(life)
        released = self._release(course, 8)
        measures.order_recovery(course, released, "321003901")
        measures.look_after(course, released)
        return life, course

    def two_numbers(self, number: int) -> Told:
        """Two real numbers of one person."""
        life = self._someone(number, "郭建军", "MALE", date(1979, 11, 8), "320312")
        life = replace(life, second_id_number=self._registry.number(date(1979, 11, 8), "MALE"))
        course = self._course(life)
        released = self._release(course, 6)
        measures.order_recovery(course, released, "320312901")
        return life, course

    def never_ordered(self, number: int) -> Told:
        """Advised, released, forgotten."""
        life = self._someone(number, "马小龙", "MALE", date(1994, 2, 20), "321183")
        course = self._course(life)
        self._release(course, 5, collected=False, outcome=("PASS", "FAIL", "PASS", "FAIR"))
        return life, course

    def relief_applicant(self, number: int) -> Told:
        """Applied for relief; out of work, in a course."""
        life = self._someone(number, "林秀兰", "FEMALE", date(1983, 7, 30), "320506")
        course = self._course(life)
        released = self._release(course, 9)
        measures.order_recovery(course, released, "320506901")
        measures.look_after(course, released)
        on = self._today - timedelta(days=60)
        course.happen(
            "grant",
            on,
            agencies.CIVIL_AFFAIRS,
            "TEMPORARY_RELIEF",
            until=courses.months_after(on, 6),
        )
        course.happen("job", released + timedelta(days=20), agencies.EMPLOYMENT, "UNEMPLOYED")
        course.happen("course", on, agencies.EMPLOYMENT, "家政服务", until=on + timedelta(days=45), text="家政服务")
        return life, course

    def out_of_province(self, number: int) -> Told:
        """An Anhui household that lives and recovers in Jiangsu."""
        life = self._someone(number, "程大勇", "MALE", date(1987, 3, 5), "320115", "341181")
        course = self._course(life)
        released = self._release(course, 4, collected=False)
        measures.order_recovery(course, released, "320115901", report="LATE")
        return life, course

    def minor(self, number: int) -> Told:
        """Under eighteen today."""
        born = date(self._today.year - 17, 3, 14)
        life = self._someone(number, "许子轩", "MALE", born, "321102")
        life = replace(life, first_used_on=date(self._today.year - 1, 11, 2), marital_status="UNMARRIED")
        course = self._course(life)
        measures.treat_in_community(course, date(self._today.year, 2, 10))
        return life, course

    def sealed(self, number: int) -> Told:
        """A sealed record."""
        life = self._someone(number, "何雨婷", "FEMALE", date(1996, 12, 1), "320205")
        course = self._course(life)
        measures.treat_in_community(course, courses.months_after(self._today, -20))
        return replace(life, sealed=True), course

    def hiv(self, number: int) -> Told:
        """HIV positive."""
        life = self._someone(number, "丁海波", "MALE", date(1981, 5, 19), "320104")
        course = self._course(life)
        released = self._release(course, 7)
        measures.order_recovery(course, released, "320104901")
        measures.look_after(course, released)
        accompaniment.treat(course, released + timedelta(days=12), "OUTPATIENT", "B24 未特指的人类免疫缺陷病毒病")
        return replace(life, hiv_positive=True), course

    def tales(self) -> Mapping[str, Callable[[int], Told]]:
        """Every story under its name."""
        return {
            "cross_province": self.cross_province,
            "returned": self.returned,
            "ordered_not_reported": self.ordered_not_reported,
            "conflict": self.conflict,
            "two_numbers": self.two_numbers,
            "never_ordered": self.never_ordered,
            "relief_applicant": self.relief_applicant,
            "out_of_province": self.out_of_province,
            "minor": self.minor,
            "sealed": self.sealed,
            "hiv": self.hiv,
        }
