from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.authorization.policy_set import DIRECTORY
from gateway.cli import main
from gateway.settings import Settings
from tests.gateway.policy.conftest import Changed

DEAD = (
    '@id("new") @basis("an article")\n'
    'permit (principal in Yiti::Role::"SUBJECT", action, resource) when { principal in Yiti::Role::"AUDITOR" };\n'
)
OPENS = (
    '@id("new") @basis("an article")\n'
    'permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action in Yiti::Action::"see",'
    ' resource == Yiti::Label::"HEALTH")\n'
    'when { principal.purpose == Yiti::Purpose::"AFTERCARE" && principal.domiciledInMyTree };\n'
)
VIEWER = """
sub: staff-7
agency: {code: AF320500, name: 示例后续照管中心, kind: AFTERCARE, jurisdiction: "320500"}
roles: [AFTERCARE_OFFICER]
purpose: AFTERCARE
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"YITI_{name.upper()}", raising=False)


@pytest.mark.parametrize("verb", [[], ["check"], ["explain"], ["diff"], ["matrix"]])
def test_every_verb_explains_itself(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["policy", *verb, "--help"])
    assert stopped.value.code == 0
    assert "usage: yiti policy" in capsys.readouterr().out


def test_check_finds_nothing_in_the_policies_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nothing found" in printed.err


def test_check_names_place_code_and_fix(changed: Changed, capsys: pytest.CaptureFixture[str]) -> None:
    directory = changed({"90_new.cedar": DEAD})
    assert main(["policy", "check", str(directory)]) == 1
    assert capsys.readouterr().out.startswith("90_new.cedar:1: POLICY_DEAD: @id('new') applies to nobody")
    assert main(["policy", "check", str(directory), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["file"], found["line"], found["code"]) == ("90_new.cedar", 1, "POLICY_DEAD")


def test_check_of_nothing_at_all_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", str(tmp_path)]) == 1
    assert "schema.cedarschema: POLICY_UNREADABLE" in capsys.readouterr().out


def test_explain_takes_facts(capsys: pytest.CaptureFixture[str]) -> None:
    facts = ["roles=TOWNSHIP_WORKER", "purpose=AFTERCARE", "inMyTree"]
    assert main(["policy", "explain", "--field", "Person.idNumber", "--facts", *facts]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Person.idNumber (ID_NUMBER): MASK")
    assert "C05-id-number" in printed
    assert "个人信息保护法 6" in printed


def test_explain_takes_a_viewer_and_facts_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "viewer.yaml").write_text(VIEWER, encoding="utf-8")
    (tmp_path / "facts.json").write_text(json.dumps({"responsible": True, "consented": ["HEALTH"]}), encoding="utf-8")
    told = ["--viewer", str(tmp_path / "viewer.yaml"), "--facts", str(tmp_path / "facts.json")]
    assert main(["policy", "explain", "--field", "DRUG_USE", "--field", "HEALTH", *told, "--json"]) == 0
    drug_use, health = json.loads(capsys.readouterr().out)
    assert (drug_use["effect"], drug_use["mask"]) == ("MASK", "year_only")
    assert (health["effect"], health["roles"]) == ("ALLOW", ["AFTERCARE_OFFICER"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--field", "Person.shoeSize", "--facts", "roles=AUDITOR"], "no field of the graph that bears a label"),
        (["--field", "HEALTH", "--facts", "roles=JANITOR"], "roles: no such word"),
        (["--field", "HEALTH", "--facts", "roles=AUDITOR", "shoeSize"], "shoeSize: no such fact"),
        (["--field", "HEALTH", "--facts", "roles=AUDITOR", "minor=perhaps"], "minor: is true or false"),
        (["--field", "HEALTH", "--facts", "responsible"], "nobody asks"),
        (["--field", "HEALTH", "--viewer", "nobody-i-know"], "no imitation viewer"),
    ],
)
def test_what_cannot_be_explained_says_why(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "explain", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_viewer_that_is_none_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "viewer.yaml").write_text(VIEWER.replace("staff-7", "110101199003071233"), encoding="utf-8")
    assert main(["policy", "explain", "--field", "HEALTH", "--viewer", str(tmp_path / "viewer.yaml")]) == 2
    printed = capsys.readouterr().err
    assert "missing or unknown: sub" in printed
    assert "1990" not in printed


def test_diff_fails_where_somebody_gains(changed: Changed, capsys: pytest.CaptureFixture[str]) -> None:
    directory = str(changed({"90_new.cedar": OPENS}))
    assert main(["policy", "diff", str(DIRECTORY), directory]) == 1
    printed = capsys.readouterr().out
    assert "TOWNSHIP_WORKER, for AFTERCARE, gains\n  HEALTH view, viewMasked\n    such as: " in printed
    assert main(["policy", "diff", directory]) == 0
    assert "loses" in capsys.readouterr().out
    assert main(["policy", "diff", str(DIRECTORY), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_diff_with_a_broken_side_cannot_be_carried_out(changed: Changed, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "diff", str(changed({"90_new.cedar": "permit (principal);"}))]) == 2
    assert "90_new.cedar:1" in capsys.readouterr().err


def test_matrix_prints_both_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "matrix"]) == 0
    assert capsys.readouterr().out.startswith("# Who may see what\n")
    assert main(["policy", "matrix", "--snapshot"]) == 0
    assert "AUDITOR AUDIT" in capsys.readouterr().out
