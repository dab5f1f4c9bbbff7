"""Docs are tested: every code, every dependency, every link stands for something that is there."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest
from graphql import parse, validate

import gateway
from adapters.contract import AdapterError
from gateway.errors import GatewayError
from gateway.issuers.reasons import Reason
from schema.build import build
from tests.conftest import FIRST, TOGETHER

ROOT = Path(__file__).parents[2]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def _descendants(kind: type) -> set[type]:
    return {one for child in kind.__subclasses__() for one in {child, *_descendants(child)}}


def test_every_error_code_is_documented() -> None:
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    codes = {one.code for one in _descendants(GatewayError) if one.__module__.startswith("gateway")}
    codes |= {f"SOURCE_{one.code}" for one in AdapterError.__subclasses__()}
    assert len(codes) > 20
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_every_reason_for_not_believing_a_token_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [reason for reason in Reason if f"`{reason.value}`" not in text] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[<>=~\[]", one)[0] for one in project["dependencies"]}
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert [name for name in sorted(named) if name not in text] == []


def test_the_lock_names_versions_alone_and_no_place_to_fetch_them_from() -> None:
    """Neither this machine's folders nor a registry: a fresh clone anywhere else would look for them there."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(pinned) > 50
    assert [line for line in pinned if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line)] == []
    assert [line for line in lines if "://" in line or "/" in line] == []


def test_what_begins_first_and_what_stays_together_is_there() -> None:
    assert [one for one in (*FIRST, *TOGETHER) if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_screens_are_valid_queries_of_this_graph() -> None:
    screens = parse((ROOT / "docs" / "screens.graphql").read_text(encoding="utf-8"))
    assert validate(build()._schema, screens) == []
    assert len(screens.definitions) == 6


def test_every_make_target_is_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target}:.*## ", text, re.MULTILINE), target
