"""The command: helpful, and without tracebacks."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.settings import Settings, reference
from gateway.tokens import Verifier

VIEWERS = """
- profile: aftercare-officer
  title: 后续照管工作人员
  subject: staff-7
  agency: {code: 示例, name: 示例后续照管中心, kind: AFTERCARE, jurisdiction: "320500"}
  roles: [AFTERCARE_OFFICER]
  purpose: AFTERCARE
"""


@pytest.fixture(autouse=True)
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"YITI_{name.upper()}", raising=False)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "viewers.yaml").write_text(VIEWERS.replace("示例,", "AF320500,"), encoding="utf-8")
    monkeypatch.setenv("YITI_MODE", "demo")
    monkeypatch.setenv("YITI_PROVINCE", "320000")
    monkeypatch.setenv("YITI_MANIFESTS", str(tmp_path / "manifests"))
    monkeypatch.setenv("YITI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("YITI_DEMO_VIEWERS", str(tmp_path / "viewers.yaml"))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["token"], ["schema"], ["documents"], ["settings"], ["adapter", "check"], ["demo"]],
)
def test_every_command_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    assert "usage: yiti" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fly"])
    assert stopped.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_settings_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    assert ["YITI_PROVINCE", "320000"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_the_reference_needs_no_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("YITI_PROVINCE")
    assert main(["settings", "--reference"]) == 0
    assert capsys.readouterr().out == reference()


@pytest.mark.parametrize("command", ["settings", "serve", "token"])
def test_bad_settings_stop_every_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YITI_PROVINCE", "Jiangsu")
    assert main([command]) == 2
    assert capsys.readouterr().err.startswith("yiti: YITI_PROVINCE: ")


def test_a_token_holds_for_its_gateway(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "aftercare-officer"]) == 0
    token = capsys.readouterr().out.strip()
    verifier = Verifier("yiti", {"yiti-dev": demo / "state" / "yiti-dev.jwks.json"})
    viewer = verifier.verify(token)
    assert (viewer.subject, viewer.purpose, viewer.roles) == ("staff-7", "AFTERCARE", {"AFTERCARE_OFFICER"})


def test_a_token_may_be_for_another_purpose(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "aftercare-officer", "--purpose", "HANDOFF"]) == 0
    verifier = Verifier("yiti", {"yiti-dev": demo / "state" / "yiti-dev.jwks.json"})
    assert verifier.verify(capsys.readouterr().out.strip()).purpose == "HANDOFF"


def test_profiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token"]) == 0
    assert "aftercare-officer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["nobody"], "There are: aftercare-officer"),
        (["aftercare-officer", "--purpose", "FUN"], "unknown word. Use one of"),
    ],
)
def test_a_token_for_nobody_is_refused(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", *arguments]) == 2
    assert hint in capsys.readouterr().err


def test_production_issues_no_token(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("YITI_DEMO_VIEWERS")
    for name in ("TOKEN_KEY_FILE", "INDEX_KEY_FILE"):
        monkeypatch.setenv(f"YITI_{name}", str(demo / "viewers.yaml"))
    monkeypatch.setenv("YITI_ISSUERS", f"idp={demo / 'viewers.yaml'}")
    monkeypatch.setenv("YITI_MODE", "production")
    assert main(["token", "aftercare-officer"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "demo mode only" in printed.err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- {profile: X}", "Correct these places"),
        ("a: [", "Correct its syntax"),
        ("7", "Correct its syntax"),
        (VIEWERS + VIEWERS, "stands twice"),
        (VIEWERS.replace("[AFTERCARE_OFFICER]", "[BOSS]"), "roles: unknown word"),
        (VIEWERS.replace("purpose: AFTERCARE", "purpose: FUN"), "purpose: unknown word"),
    ],
)
def test_a_bad_list_of_viewers_is_refused(
    demo: Path, content: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (demo / "viewers.yaml").write_text(content, encoding="utf-8")
    assert main(["token"]) == 2
    message = capsys.readouterr().err
    assert "viewers.yaml" in message
    assert problem in message


def test_a_taken_port_stops_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot be listened on" in capsys.readouterr().err


def test_a_bad_manifest_stops_the_start(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (demo / "manifests" / "police.yaml").write_text("contract: '1.0'\nidd: police\n")
    assert main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert "police.yaml" in message
    assert "idd" in message
    assert "Traceback" not in message


def test_documents_become_a_registry(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = demo / "me.graphql"
    file.write_text("query Me { viewer { subject } }")
    assert main(["documents", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {hashlib.sha256(text.encode()).hexdigest(): text for text in found.values()} == found
    assert file.read_text() in found.values()


@pytest.mark.parametrize("name", ["gone.graphql", "bad.graphql"])
def test_a_document_that_cannot_be_registered_is_named(
    name: str, demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (demo / "bad.graphql").write_text("query Me { viewer { nobody } }")
    assert main(["documents", str(demo / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("yiti: documents: ")
    assert name in err


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "settings", "--reference"],
        capture_output=True,
        check=False,
        text=True,
        env=dict(os.environ),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == reference()
