from __future__ import annotations

import pytest

from gateway.authorization.decide import CedarAuthorizer


@pytest.fixture(scope="session")
def authorizer() -> CedarAuthorizer:
    return CedarAuthorizer.load()
