"""Operators' files about one identity provider, as tests change them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from gateway.issuers.configuration import IssuerFile, read_issuer

POLICE = {"code": "320500000002", "name": "示例公安局", "kind": "POLICE", "jurisdiction": "320500"}
CENTRE = {"code": "320500000003", "name": "示例照管中心", "kind": "AFTERCARE", "jurisdiction": "320500"}

FILE: dict[str, Any] = {
    "issuer": "https://idp.police.example/realms/staff",
    "audience": "yiti-jiangsu",
    "keys": {"discovery": True},
    "algorithms": ["RS256"],
    "types": ["JWT"],
    "longest_seconds": 3600,
    "claims": {
        "subject": "sub",
        "agency": "org.code",
        "jurisdiction": "org.region",
        "roles": {
            "path": "realm_access.roles",
            "values": {"case": "POLICE_CASE_OFFICER", "care": "AFTERCARE_OFFICER"},
        },
        "purpose": {
            "path": "scope",
            "split": " ",
            "values": {"yiti:query": "STATUTORY_QUERY", "yiti:handoff": "HANDOFF", "yiti:care": "AFTERCARE"},
        },
        "clearance": {"path": "clearance", "values": {"一般": 1, "重要": 2, "核心": 3}},
        "case_number": "case.number",
    },
    "agencies": [{**POLICE, "roles": ["POLICE_CASE_OFFICER"]}, {**CENTRE, "roles": ["AFTERCARE_OFFICER"]}],
    "grants": {"POLICE_CASE_OFFICER": ["STATUTORY_QUERY", "HANDOFF"], "AFTERCARE_OFFICER": ["AFTERCARE"]},
    "highest_clearance": 2,
}
TOKEN: dict[str, Any] = {
    "iss": FILE["issuer"],
    "aud": "yiti-jiangsu",
    "sub": "p-0042",
    "org": {"code": POLICE["code"]},
    "realm_access": {"roles": ["case", "offline_access", "uma_authorization"]},
    "scope": "openid profile yiti:query",
    "clearance": "一般",
    "case": {"number": "模拟刑立字〔2026〕7号"},
    "jti": "t-1",
}


def changed(original: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with members at dotted paths (`__` for a dot) replaced; `...` removes one."""
    copied = copy.deepcopy(original)
    for path, value in changes.items():
        *way, last = path.split("__")
        node = copied
        for step in way:
            node = node[step]
        if value is ...:
            del node[last]
        else:
            node[last] = value
    return copied


def written(directory: Path, **changes: Any) -> Path:
    """The file on disk."""
    path = directory / "police.yaml"
    path.write_text(yaml.safe_dump(changed(FILE, **changes), allow_unicode=True), encoding="utf-8")
    return path


def described(directory: Path, **changes: Any) -> IssuerFile:
    """The file as it is read."""
    return read_issuer(written(directory, **changes))
