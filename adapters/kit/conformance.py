"""The conformance kit, version 1: one list of named checks that every adapter passes, whatever stands behind it.

A gap is data with a reason: a check that an adapter is known not to pass is run all the same, and closing the gap
without removing it is reported too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapters.contract import Adapter
from adapters.kit import limits, reads
from adapters.kit.subject import Failed, Settings, Skipped, Subject

__all__ = ["CHECKS", "Failed", "Finding", "Settings", "Verdict", "check", "check_all"]

Check = Callable[[Subject], Awaitable[None]]

CHECKS: Mapping[str, Check] = {
    function.__name__.replace("_", "-"): function
    for function in (
        reads.key_list_pages,
        reads.listed_people_are_found,
        reads.absent_keys_are_absent,
        reads.values_are_what_was_asked,
        reads.types_agree,
        reads.current_codes_are_current,
        reads.origins_are_told,
        reads.keys_are_stable,
        reads.batch_equals_singles,
        reads.order_is_irrelevant,
        reads.together_equals_singles,
        reads.related_groups_by_person,
        reads.concurrent_reads_agree,
        limits.beyond_the_declaration_is_unsupported,
        limits.a_passed_deadline_is_unavailable,
        limits.searches_satisfy_their_filters,
        limits.search_brings_what_reading_brings,
        limits.search_pages_do_not_repeat,
        limits.a_foreign_cursor_is_invalid,
        limits.health_is_impersonal,
        limits.errors_are_impersonal,
    )
}


class Verdict(StrEnum):
    """How a check went."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # does not apply to what the adapter declares
    GAP = "gap"  # fails as declared, for the reason given
    CLOSED = "closed"  # a declared gap that no longer is one: remove it


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome; `detail` holds no personal value."""

    check: str
    verdict: Verdict
    detail: str = ""


async def check(
    name: str, adapter: Adapter, settings: Settings | None = None, gaps: Mapping[str, str] | None = None
) -> Finding:
    """Run one check. A failure of the source itself (an AdapterError) propagates: it is no verdict on the adapter."""
    reason = (gaps or {}).get(name)
    try:
        await CHECKS[name](Subject(adapter, settings or Settings()))
    except Failed as err:
        return Finding(name, Verdict.GAP, reason) if reason else Finding(name, Verdict.FAILED, str(err))
    except Skipped as err:
        return Finding(name, Verdict.SKIPPED, str(err))
    if reason:
        return Finding(name, Verdict.CLOSED, f"the gap '{reason}' is closed. Remove it.")
    return Finding(name, Verdict.PASSED)


async def check_all(
    adapter: Adapter, settings: Settings | None = None, gaps: Mapping[str, str] | None = None
) -> tuple[Finding, ...]:
    """Run every check in turn."""
    return tuple([await check(name, adapter, settings, gaps) for name in CHECKS])
