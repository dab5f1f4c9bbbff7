"""A province with one small real database and one viewer, for tests of a whole gateway."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from gateway.demo_viewers import development_issuer, read_viewers
from gateway.keys import make_signing_key, public_jwks
from gateway.settings import Settings, load
from gateway.tokens import Peer
from schema.codes import check_digit

NUMBER = "32990119900101001" + check_digit("32990119900101001")

MANIFEST = """
contract: "1.0"
id: jiangsu-register
version: "1"
name: 试验名册
owner: 试验机关
jurisdiction: "320000"
agency: {code: "320500000001", name: 试验机关, kind: AFTERCARE, jurisdiction: "320500"}
source: {kind: sql, url: "${REGISTER_DATABASE}"}
entities:
  PersonRecord:
    dataset: PEOPLE
    key: ID
    fields:
      name: {path: NAME}
      idNumber: {path: NUMBER, type: id_number}
      residenceCode: {path: PLACE}
"""

VIEWERS = """
- profile: officer
  title: 后续照管工作人员
  subject: staff-7
  agency: {code: "320500000001", name: 试验机关, kind: AFTERCARE, jurisdiction: "320500"}
  roles: [AFTERCARE_OFFICER]
  purpose: AFTERCARE
"""


def fill(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE PEOPLE (ID TEXT PRIMARY KEY, NAME TEXT, NUMBER TEXT, PLACE TEXT)")
    connection.execute("INSERT INTO PEOPLE VALUES ('7', '试验甲', ?, '320505')", (NUMBER,))
    connection.commit()
    connection.close()


def settle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a gateway over it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"YITI_{name.upper()}", raising=False)
    fill(tmp_path / "register.db")
    monkeypatch.setenv("REGISTER_DATABASE", f"sqlite+aiosqlite:///{tmp_path / 'register.db'}")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "register.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "viewers.yaml").write_text(VIEWERS, encoding="utf-8")
    peer = make_signing_key(tmp_path / "peer.key.json")
    (tmp_path / "peer.jwks.json").write_text(json.dumps(public_jwks(peer)))
    return load(
        mode="demo",
        name="yiti-jiangsu",
        province="320000",
        manifests=(tmp_path / "manifests",),
        state=tmp_path / "state",
        peers={"yiti-zhejiang": Peer(tmp_path / "peer.jwks.json", "330000")},
        demo_viewers=tmp_path / "viewers.yaml",
        today="2026-11-01",
    )


def officer(settings: Settings, *, clearance: int = 0) -> dict[str, str]:
    (viewer,) = read_viewers(settings.demo_viewers) if settings.demo_viewers else ()
    viewer = viewer.model_copy(update={"clearance": clearance})
    return {"Authorization": f"Bearer {viewer.token(development_issuer(settings))}"}
