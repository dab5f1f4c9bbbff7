"""Each threat has a test, each test that is named exists, and each mutant's text stands where it is looked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.threats.mutants import MUTANTS, Mutant
from tests.threats.run_mutants import ROOT, planted
from tests.threats.threats import ELSEWHERE, THREATS, threat


def _marked() -> set[int]:
    found: set[int] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "threat":
                found |= {one.value for one in node.args if isinstance(one, ast.Constant) and type(one.value) is int}
    return found


def test_each_threat_has_a_test() -> None:
    assert sorted(THREATS) == list(range(1, 34))
    assert not THREATS.keys() - _marked() - ELSEWHERE.keys()


def test_the_page_names_each_threat() -> None:
    page = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
    for number, name in THREATS.items():
        assert f"| {number} | {name} |" in page


@pytest.mark.parametrize("test", sorted({test for tests in ELSEWHERE.values() for test in tests}))
def test_a_test_that_is_named_exists(test: str) -> None:
    file, _, name = test.partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in text


def test_there_is_no_threat_of_another_number() -> None:
    with pytest.raises(ValueError, match="no such threat"):
        threat(34)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutants_text_stands_exactly_once(mutant: Mutant) -> None:
    assert planted(mutant, ROOT) != (ROOT / mutant.file).read_text(encoding="utf-8")
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).exists()
        assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_mutants_have_names_of_their_own() -> None:
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) >= 100


def test_the_attacks_can_be_started_by_their_command() -> None:
    code = (
        "import sys, pytest, tests.threats.__main__ as attacks\n"
        "sys.exit(pytest.main([*attacks.OPTIONS, '--collect-only', 'tests/threats/test_telling.py']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
