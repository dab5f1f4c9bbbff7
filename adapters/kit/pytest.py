"""A partner's whole test file, in two lines:

from adapters.kit.pytest import conformance
test_adapter = conformance("adapters/agencies/jiangsu/police.yaml")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adapters.contract import Adapter
from adapters.drivers import open_adapter
from adapters.kit.conformance import CHECKS, Finding, Settings, Verdict, check
from adapters.loading import load


def conformance(
    manifest: str | Path,
    *,
    environment: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    gaps: Mapping[str, str] | None = None,
) -> Callable[[str], None]:
    """A test function with one case per check. `gaps` names checks that are known to fail, each with its reason."""
    return conformance_of(lambda: open_adapter(load(Path(manifest), environment)), settings=settings, gaps=gaps)


def conformance_of(
    opened: Callable[[], Adapter], *, settings: Settings | None = None, gaps: Mapping[str, str] | None = None
) -> Callable[[str], None]:
    """The same for an adapter in plain Python, opened anew for each check."""
    unknown = sorted(set(gaps or ()) - set(CHECKS))
    if unknown:
        raise ValueError(f"gaps: there is no check {unknown[0]}. Known: {', '.join(CHECKS)}.")

    @pytest.mark.parametrize("check_name", list(CHECKS))
    def test_adapter(check_name: str) -> None:
        report(asyncio.run(_checked(check_name, opened, settings, gaps)))

    return test_adapter


def report(finding: Finding) -> None:
    """A finding in pytest's own words."""
    if finding.verdict in {Verdict.FAILED, Verdict.CLOSED}:
        pytest.fail(f"{finding.check}: {finding.detail}", pytrace=False)
    if finding.verdict is Verdict.SKIPPED:
        pytest.skip(f"{finding.check}: {finding.detail}")
    if finding.verdict is Verdict.GAP:
        pytest.xfail(f"{finding.check}: {finding.detail}")


async def _checked(
    name: str, opened: Callable[[], Adapter], settings: Settings | None, gaps: Mapping[str, str] | None
) -> Finding:
    adapter = opened()
    try:
        return await check(name, adapter, settings, gaps)
    finally:
        await adapter.aclose()
