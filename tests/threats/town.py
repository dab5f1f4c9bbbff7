"""Whom the attacks are about: two people of one county, of whom one is sealed, and viewers who stand near and far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.gateway.execution.world import ANN, record
from tests.gateway.registers.counter import ANN_ID, BEN_ID, PEOPLE

EVERYTHING = """
  name otherNames { value } idNumber documents { number } sex birthDate phones diedOn
  domicile { address jurisdiction { code } } residence { address jurisdiction { code } }
  executionPlace { code } responsiblePolice { code } controlStatus family { name phone relation }
  drugUse { firstUsedOn substances useMethod } health { hivPositive treatments { kind diagnosis } }
  support { employments { employer } grants { kind } } status releasedOn currentMeasure { kind startsOn }
  records { person { name phones idNumber residence { address } } } conflicts { field chosen values { value } }
"""
SECRETS = ("安娜", ANN, "13900000000", "安母", "13900000001", "示例诊断", "冰毒样", "示例街道")


def people() -> Mapping[str, Any]:
    """Ann, with a measure and a drug history at the police; Ben, not yet eighteen, whose record is sealed."""
    found = {token: {name: list(rows) for name, rows in held.items()} for token, held in PEOPLE["police"].items()}
    more = {"substances": ("冰毒样",), "residenceAddress": "示例街道1号", "firstUsedOn": date(2015, 5, 5)}
    found[ANN_ID]["PersonRecord"] = [record("police", "1", **{**found[ANN_ID]["PersonRecord"][0].values, **more})]
    found[ANN_ID]["Measure"] = [
        record("police", "m1", "1", kind="COMMUNITY_TREATMENT", agencyCode="FAR1", startsOn=date(2026, 2, 1))
    ]
    found[ANN_ID]["Employment"] = [record("police", "e1", "1", employer="示例街道工厂", startedOn=date(2026, 3, 1))]
    found[BEN_ID]["PersonRecord"] = [
        record("police", "2", **{**found[BEN_ID]["PersonRecord"][0].values, "sealed": True})
    ]
    return {"police": found}


def stranger(**more: Any) -> dict[str, Any]:
    """An aftercare officer of another province, to whom nobody here has any tie."""
    return {"jurisdiction": "330106", "agency": "FAR9", "subject": "stranger", **more}


def township(**more: Any) -> dict[str, Any]:
    """A township worker of the county."""
    return {"role": "TOWNSHIP_WORKER", "jurisdiction": "320102", "agency": "TOWN1", "subject": "town", **more}


def clerk(**more: Any) -> dict[str, Any]:
    """A civil-affairs clerk, who gets a yes or a no about anybody."""
    return {"role": "CIVIL_AFFAIRS_CLERK", "purpose": "SUPPORT", "agency": "CIV1", "subject": "clerk", **more}
