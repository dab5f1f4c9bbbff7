"""An operator's file about an issuer: whole, or refused with the place in it and the fix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.issuers.configuration import IssuerFileError, read_issuer
from tests.gateway.issuers.files import FILE, POLICE, described, written


def test_a_file_is_read(tmp_path: Path) -> None:
    file = described(tmp_path)
    assert file.issuer == FILE["issuer"]
    assert file.claims.roles.path == ("realm_access", "roles")
    assert file.types == ("jwt",)


def test_the_examples_of_the_docs_can_be_used(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operate.md").read_text(encoding="utf-8")
    examples = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("issuer:")]
    assert len(examples) == 3
    for number, example in enumerate(examples):
        (tmp_path / f"{number}.yaml").write_text(example, encoding="utf-8")
        assert read_issuer(tmp_path / f"{number}.yaml").grants


def test_a_key_file_lies_beside_its_issuers_file(tmp_path: Path) -> None:
    assert described(tmp_path, keys={"jwks_file": "keys.json"}).keys.jwks_file == tmp_path / "keys.json"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown word": ({"algorithm": ["RS256"]}, "algorithm: unknown word"),
    "no algorithms": ({"algorithms": ...}, "algorithms: is missing"),
    "an empty list of algorithms": ({"algorithms": []}, "algorithms: "),
    "alg none": ({"algorithms": ["none"]}, "shared secrets are never accepted"),
    "a shared secret": ({"algorithms": ["HS256"]}, "shared secrets are never accepted"),
    "no keys": ({"keys": {}}, "needs exactly one of"),
    "two sources of keys": ({"keys": {"discovery": True, "jwks_url": "https://a.example"}}, "needs exactly one of"),
    "keys without TLS": ({"keys": {"jwks_url": "http://idp.example/jwks"}}, "must begin with https://"),
    "keys with a password": ({"keys": {"jwks_url": "https://a:b@idp.example/jwks"}}, "without a name, password"),
    "discovery without TLS": ({"issuer": "http://idp.example"}, "must begin with https://"),
    "discovery without an address": ({"issuer": "idp"}, "must read https://host/path"),
    "a key without its certificate": ({"keys": {"discovery": True, "key": "k.pem"}}, "without its certificate"),
    "a role nobody has": ({"grants": {"JANITOR": ["AUDIT"]}}, "is no Role of this graph"),
    "a purpose nobody has": ({"grants": {"AUDITOR": ["MARKETING"]}}, "is no Purpose of this graph"),
    "no grants": ({"grants": {}}, "grants: "),
    "a role beyond the grants": ({"claims__roles": {"path": "r", "values": {"x": "AUDITOR"}}}, "that grants lacks"),
    "an agency's role beyond the grants": ({"agencies": [{**POLICE, "roles": ["AUDITOR"]}]}, "that grants lacks"),
    "an unknown purpose in a table": ({"claims__purpose": {"path": "p", "values": {"x": "Y"}}}, "unknown purposes"),
    "neither agencies nor jurisdictions": ({"agencies": []}, "needs either agencies, or jurisdictions"),
    "both": ({"jurisdictions": ["320000"]}, "needs either agencies, or jurisdictions"),
    "jurisdictions without kinds": ({"agencies": [], "jurisdictions": ["320000"]}, "kinds be listed"),
    "an agency twice": ({"agencies": [POLICE, POLICE]}, "stands twice"),
    "an agency's code as a number": ({"agencies": [{**POLICE, "code": 320500000002}]}, "must be text"),
    "a claim from nowhere": ({"claims__subject": {}}, "needs either a path or a constant"),
    "a claim from two places": ({"claims__subject": {"path": "a", "constant": "b"}}, "either a path or a constant"),
    "a constant in a table": ({"claims__purpose": {"constant": "a", "values": {"a": "b"}}}, "neither split nor"),
    "a token that lives for days": ({"longest_seconds": 86_400}, "longest_seconds: "),
    "a clearance beyond any": ({"highest_clearance": 4}, "highest_clearance: "),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, mistake: str) -> None:
    changes, said = WRONG[mistake]
    with pytest.raises(IssuerFileError) as refused:
        read_issuer(written(tmp_path, **changes))
    assert str(refused.value).startswith(f"{tmp_path / 'police.yaml'}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a", "holds no mapping"),
        ("a: [", "cannot be read as YAML"),
        ("issuer: a\nissuer: b", "stands twice"),
        ("grants: {AUDITOR: [AUDIT], AUDITOR: [HANDOFF]}", "stands twice"),
        ("? [a, b]\n: c", "cannot be read as YAML"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "issuer.yaml"
    path.write_text(content)
    with pytest.raises(IssuerFileError, match=said):
        read_issuer(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IssuerFileError, match=r"nowhere\.yaml: cannot be read"):
        read_issuer(tmp_path / "nowhere.yaml")
