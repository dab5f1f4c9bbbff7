"""A partner province's whole test file is two lines; this one runs as such against a small database."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from adapters.kit.pytest import conformance

_directory = tempfile.TemporaryDirectory(prefix="yiti-partner-")
_database = Path(_directory.name, "station.db")
_connection = sqlite3.connect(_database)
_connection.executescript(
    """
    CREATE TABLE people (id INTEGER, name TEXT, papers TEXT);
    INSERT INTO people VALUES (1, '甲某', '329901198001011012'), (2, '乙·某', NULL), (3, '无', '32990119900202102x');
    CREATE TABLE visits (id INTEGER, who INTEGER, day TEXT);
    INSERT INTO visits VALUES (10, 1, '20240305'), (11, 1, '不详'), (12, 3, '2024.3.5');
    """
)
_connection.close()
_manifest = Path(_directory.name, "adapter.yaml")
_manifest.write_text(
    """
contract: "1.0"
id: partner-station
version: 1.0.0
name: 伙伴省工作站
owner: 伙伴省禁毒办
jurisdiction: "340000"
agency: {code: "340104001", name: 工作站, kind: COMMUNITY_STATION, jurisdiction: "340104"}
source: {kind: sql, url: "${PARTNER_URL}", timeout: PT20S}
entities:
  PersonRecord:
    dataset: people
    key: id
    fields:
      name: {path: name, filter: [eq, prefix]}
      idNumber: {path: papers, filter: [eq]}
  Visit:
    dataset: visits
    key: id
    person: who
    fields:
      visitedOn: {path: day}
""",
    encoding="utf-8",
)

test_adapter = conformance(_manifest, environment={"PARTNER_URL": f"sqlite+aiosqlite:///{_database}"})
