"""The manifests of the SQL systems pass the conformance kit over their own imitation systems."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from adapters.drivers import open_adapter
from adapters.kit.conformance import CHECKS, Finding, check
from adapters.kit.pytest import report
from adapters.loading import load
from mocks.systems import SYSTEMS
from tests.mocks.test_sql_manifests import AGENCIES, FILES


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("system", FILES)
def test_the_system_keeps_the_contract(system: str, name: str, sql_urls: Mapping[str, str]) -> None:
    async def checked() -> Finding:
        adapter = open_adapter(load(AGENCIES / FILES[system], {SYSTEMS[system].variable: sql_urls[system]}))
        try:
            return await check(name, adapter)
        finally:
            await adapter.aclose()

    report(asyncio.run(checked()))
