"""R1-R3 as the table of all sixteen marks, at expiry and on early release."""

from __future__ import annotations

from itertools import product

import pytest

from schema.advice import R1, R2, R3, advise
from schema.enums import AdviceOutcome

MARKS = list(product(("PASS", "FAIL"), ("PASS", "FAIL"), ("PASS", "FAIL"), ("GOOD", "FAIR")))


@pytest.mark.parametrize("marks", [marks for marks in MARKS if "FAIL" in marks[:3]])
@pytest.mark.parametrize("early", [True, False])
def test_any_failed_dimension_must_be_advised(marks: tuple[str, str, str, str], early: bool) -> None:
    advice = advise(*marks, early_release=early)
    assert advice is not None
    assert (advice.outcome, advice.clause) == (AdviceOutcome.MUST, R2)


def test_the_table_has_fourteen_failed_rows() -> None:
    assert sum("FAIL" in marks[:3] for marks in MARKS) == 14


@pytest.mark.parametrize("early", [True, False])
def test_three_passes_with_a_fair_fourth_must_be_advised(early: bool) -> None:
    advice = advise("PASS", "PASS", "PASS", "FAIR", early_release=early)
    assert advice is not None
    assert (advice.outcome, advice.clause) == (AdviceOutcome.MUST, R3)


def test_all_favourable_with_early_release_needs_no_advice() -> None:
    advice = advise("PASS", "PASS", "PASS", "GOOD", early_release=True)
    assert advice is not None
    assert (advice.outcome, advice.clause) == (AdviceOutcome.NOT_REQUIRED, R1)


def test_all_favourable_at_expiry_is_what_no_rule_speaks_of() -> None:
    advice = advise("PASS", "PASS", "PASS", "GOOD", early_release=False)
    assert advice is not None
    assert (advice.outcome, advice.clause) == (AdviceOutcome.UNSPECIFIED, None)


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_mark_is_not_guessed(missing: int) -> None:
    marks: list[str | None] = ["PASS", "PASS", "PASS", "GOOD"]
    marks[missing] = None
    assert advise(*marks, early_release=True) is None


def test_one_failure_decides_even_while_others_are_missing() -> None:
    advice = advise("FAIL", None, None, None, early_release=False)
    assert advice is not None
    assert advice.outcome is AdviceOutcome.MUST
