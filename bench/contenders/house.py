"""This gateway as an operator would set it up over the bench's three agencies, and the officer who asks."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import Any, Final

from bench import people
from gateway.app import opened
from gateway.demo_viewers import development_issuer
from gateway.settings import Settings, load
from gateway.tokens import Profile

__all__ = ["OFFICER", "opened", "settings_for", "token_for"]

MANIFESTS: Final = Path(__file__).parents[1] / "manifests"
OFFICER: Final = Profile(
    subject="staff-bench",
    agency="320000600001",
    agency_name="后续照管指导中心（模拟）",
    agency_kind="AFTERCARE",
    jurisdiction="320000",
    roles=frozenset({"AFTERCARE_OFFICER"}),
)


def settings_for(state: Path, port: int = 0, **others: Any) -> Settings:
    """Settings of a gateway in a directory of its own; BENCH_UPSTREAM says where the agencies are.

    No cache, because nobody else in the bench has one; no rate limit, because one officer asks everything; a deadline
    that no slow contender meets. `others` are settings that stand in place of these.
    """
    state.mkdir(parents=True, exist_ok=True)
    key = state / "token.key"
    key.write_bytes(base64.b64encode(people.TOKEN_KEY))
    given: dict[str, Any] = {
        "mode": "demo",
        "name": "yiti-bench",
        "province": "320000",
        "port": port,
        "manifests": (MANIFESTS,),
        "state": state,
        "token_key_file": key,
        "today": date(2026, 11, 1),
        "deadline_seconds": 60,
        "cache_ttl_seconds": 0,
        "refresh_seconds": 0,
        "rate_per_minute": 0,
        "log_level": "warning",
    }
    return load(**{**given, **others})


def token_for(settings: Settings, profile: Profile = OFFICER) -> str:
    """The officer's access token: all the people of the bench live in that officer's tree."""
    return development_issuer(settings).issue(profile, "AFTERCARE")
