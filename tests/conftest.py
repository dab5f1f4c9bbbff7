"""Properties are tested without a clock: a busy machine is no fault. A failure prints how to repeat it.

On several processors a module's tests stay with one worker, so that what the module sets up is set up once; where a
whole folder shares something dear, the folder does. What takes longest begins first, or one worker would end alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import Phase, settings

from gateway.execution import engine
from gateway.execution.executor import Executor

settings.register_profile("unhurried", deadline=None, print_blob=True)
# Where it only matters whether something fails (tests/threats/run_mutants.py), no smaller example is looked for.
settings.register_profile("first failure", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("YITI_PROPERTIES", "unhurried"))

OF_OURS = ("columns", "cycles", "equivalence")
"""What tests how our own executor goes about it, beside graphql-core or not."""
REFERENCE = os.environ.get("YITI_TEST_EXECUTOR") == "reference"
collect_ignore = [f"gateway/execution/test_{name}.py" for name in OF_OURS] if REFERENCE else []

TOGETHER = ("tests/adapters/over_http/", "tests/console/browser/", "tests/mocks/over_http/", "tests/provinces/")
FIRST = (
    "tests/console/browser/",
    "tests/conformance/test_gnuhealth.py",
    "tests/provinces/",
    "tests/gateway/policy/test_agreement.py",
    "tests/gateway/execution/test_equivalence.py",
    "tests/gateway/policy/",
    "tests/bench/",
    "tests/threats/",
    "tests/gateway/audit/",
    "tests/conformance/",
    "tests/gateway/authorization/",
)


@pytest.fixture(scope="session", autouse=True)
def executor() -> Iterator[None]:
    """Whose answers are tested: with YITI_TEST_EXECUTOR=reference those of graphql-core (`make reference`)."""
    if not REFERENCE:
        yield
        return

    def of_graphql_core(schema: GraphQLSchema, **_: bool) -> Executor:
        return Executor(schema, reference=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "Executor", of_graphql_core)
        yield


def together(nodeid: str) -> str:
    """What runs on the same worker as this test."""
    module = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if module.startswith(folder)), module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadscope, as `make test` has it."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    config.option.loadscopereorder = False  # the order is ours
    return ByFolder(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker; a run in one process keeps the order of the files."""
    if hasattr(config, "workerinput"):
        items.sort(key=_begins)


def _begins(item: pytest.Item) -> int:
    return next((place for place, part in enumerate(FIRST) if item.nodeid.startswith(part)), len(FIRST))
