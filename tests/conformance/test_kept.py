"""An outside system that cannot be had is a reason to skip, and in CI one to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import kept
from tests.conformance.fhir.examples import examples
from tests.conformance.gnuhealth import make_database


def test_without_npm_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept, "KEPT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kept.Absent, match="npm is not installed"):
        examples()


def test_without_a_package_index_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kept, "KEPT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(kept.Absent, match="installing GNU Health by pip failed"):
        make_database.make()


def test_an_absent_system_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YITI_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such thing"):
        kept.absent(kept.Absent("no such thing"))


def test_where_services_are_required_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="no such thing"):
        kept.absent(kept.Absent("no such thing"))
