"""The verbs of `yiti policy`. Nothing here decides anything: it reads arguments and prints what the tools found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.authorization.policy_set import DIRECTORY, read_policies
from gateway.policy.errors import PolicyToolError

if TYPE_CHECKING:
    from gateway.authorization.decide import CedarAuthorizer
    from gateway.authorization.decision import Facts
    from gateway.policy.model import Model

FAULTY: Final = 1


class PolicyUsage(PolicyToolError):
    """A command about policies that cannot be carried out: says why and the fix."""


def add_policy(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`yiti policy ...`, beside the other commands."""
    policy = commands.add_parser(
        "policy",
        help="check, explain and compare the policies",
        description="Check, explain and compare the policies that decide who may see what. Exact and offline: every "
        "answer is about all sets of facts, not about samples; no solver and no source is needed.",
    )
    verbs = policy.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_check(verbs)
    _add_explain(verbs)
    _add_diff(verbs)
    _add_matrix(verbs)


def _add_check(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = verbs.add_parser(
        "check",
        help="find what is wrong with a directory of policies",
        description="Find what is wrong with a directory of policies, each with its place, a stable code and the fix "
        "(docs/policy-tools.md). Exit code 1 where anything is.",
    )
    _directory(check)
    _json(check)
    check.set_defaults(command=_check)


def _add_explain(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = verbs.add_parser(
        "explain",
        help="say why a field is shown, shown in part or not shown",
        description="Say why a field is shown, shown in part or not shown: by which policies and articles, on which "
        "facts it turns, and what would change it. With --person a running gateway is asked, and the question is on "
        "record there; otherwise the facts are those that are given, and no source is read.",
    )
    explain.add_argument("--field", action="append", required=True, help="Type.field or a label; repeatable")
    explain.add_argument(
        "--facts",
        nargs="+",
        default=[],
        metavar="FACT",
        help="facts, such as roles=TOWNSHIP_WORKER purpose=AFTERCARE inMyTree consented=HEALTH, or one JSON file",
    )
    explain.add_argument("--viewer", help="a file with a viewer (YAML or JSON), or an imitation viewer's name")
    explain.add_argument(
        "--person", help="the id of a person: asks a running gateway about the viewer's access to them"
    )
    explain.add_argument("--gateway", help="its address; YITI_HOST and YITI_PORT if left out")
    explain.add_argument(
        "--token-file", type=Path, help="with --person: your own access token, of an auditor or of the person"
    )
    explain.add_argument("--as", dest="asker", help="with --person: the imitation viewer who asks (demo mode only)")
    _directory(explain, "--policies")
    _json(explain)
    explain.set_defaults(command=_explain)


def _add_diff(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    diff = verbs.add_parser(
        "diff",
        help="say who gains and who loses by a change of policies",
        description="Say who gains and who loses by a change of policies, with facts that show it. Exit code 1 where "
        "anybody gains anything. For a revision: git worktree add or git archive, then its directory.",
    )
    diff.add_argument("old", type=Path, help="the directory of policies before")
    diff.add_argument("new", type=Path, nargs="?", default=DIRECTORY, help="after; the gateway's own if left out")
    _json(diff)
    diff.set_defaults(command=_diff)


def _add_matrix(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    matrix = verbs.add_parser(
        "matrix",
        help="print who may see what, for whom and why, as docs/policy.md",
        description="Print who may see what, under which ties and by which article, as docs/policy.md.",
    )
    _directory(matrix)
    matrix.add_argument(
        "--snapshot", action="store_true", help="print the decision table instead: exact, for comparison line by line"
    )
    matrix.set_defaults(command=_matrix)


def _directory(parser: argparse.ArgumentParser, name: str = "directory") -> None:
    said = "the directory of policies; the gateway's own if left out"
    if name.startswith("-"):
        parser.add_argument(name, dest="directory", type=Path, default=DIRECTORY, help=said)
    else:
        parser.add_argument(name, type=Path, nargs="?", default=DIRECTORY, help=said)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _print(as_json: bool, body: object, lines: Iterable[str]) -> None:
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=1, default=str))
    else:
        for line in lines:
            print(line)


def _check(chosen: argparse.Namespace) -> int:
    from gateway.policy.check import check, counted
    from gateway.policy.report import findings_json, findings_text

    found = check(chosen.directory)
    version = found.policies.version if found.policies else None
    body = {"version": version, "findings": findings_json(found.findings)}
    _print(chosen.json, body, findings_text(found.findings))
    count = len(found.policies.policies) if found.policies else 0
    summary = f"{count} policies, version {version}" if version else "not usable"
    print(f"yiti: {counted(found.findings)}; {summary}", file=sys.stderr)
    return FAULTY if found.findings else 0


def _explain(chosen: argparse.Namespace) -> int:
    if chosen.person is not None:
        return _explain_access(chosen)
    from gateway.authorization.decide import CedarAuthorizer
    from gateway.policy.explain import NoSuchField, explain
    from gateway.policy.model import models_of
    from gateway.policy.report import explanation_json, explanation_text

    policies = read_policies(chosen.directory)
    (model,) = models_of([policies])
    authorizer: CedarAuthorizer = CedarAuthorizer(policies)
    facts = _facts(chosen, model)
    try:
        found = [explain(authorizer, model, facts, field) for field in chosen.field]
    except NoSuchField as err:
        raise PolicyUsage(f"policy explain: --field: {err}") from err
    lines = [line for one in found for line in (*explanation_text(one), "")]
    _print(chosen.json, [explanation_json(one) for one in found], lines[:-1])
    return 0


def _explain_access(chosen: argparse.Namespace) -> int:
    from gateway.policy.asking import ask
    from gateway.policy.viewers import imitation_token, read_viewer
    from gateway.settings import load

    if chosen.viewer is None or (chosen.token_file is None) == (chosen.asker is None):
        raise PolicyUsage(
            "policy explain: --person needs --viewer, whose access it is, and either --token-file or --as, who asks."
        )
    if chosen.token_file is not None:
        try:
            token = chosen.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as err:
            raise PolicyUsage("policy explain: --token-file: cannot be read. Name a file with one token.") from err
    else:
        token = imitation_token(chosen.asker)
    gateway = chosen.gateway
    if gateway is None:
        settings = load()
        gateway = f"http://{settings.host}:{settings.port}"
    found = ask(gateway, token, read_viewer(chosen.viewer), chosen.person, chosen.field)
    _print(chosen.json, found.explanations, [found.text])
    return 0


def _facts(chosen: argparse.Namespace, model: Model) -> Facts:
    from gateway.policy.question import FactsError, facts_of, in_words, parsed, values_of
    from gateway.policy.viewers import facts_of_nobody, read_viewer

    words = list(chosen.facts)
    try:
        if len(words) == 1 and Path(words[0]).is_file():
            words = _from_file(Path(words[0]))
        start: list[str] = []
        if chosen.viewer is not None:
            viewer = facts_of_nobody(read_viewer(chosen.viewer))
            start = in_words(model.space, values_of(model.space, viewer)).split()
        elif not any(word.startswith(("role=", "roles=")) for word in words):
            raise PolicyUsage("policy explain: nobody asks. Name roles=... among --facts, or --viewer.")
        return facts_of(model.space, parsed(model.space, [*start, *words]))
    except FactsError as err:
        raise PolicyUsage(f"policy explain: --facts: {err}") from err


def _from_file(path: Path) -> list[str]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise PolicyUsage(
            f"policy explain: --facts: {path.name}: cannot be read as JSON. Correct its syntax."
        ) from err
    if not isinstance(given, dict):
        raise PolicyUsage(f"policy explain: --facts: {path.name}: must be an object of facts by their names.")
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else str(value)}"
        for name, value in given.items()
        if value not in ([], None)
    ]


def _diff(chosen: argparse.Namespace) -> int:
    from gateway.policy.diff import diff
    from gateway.policy.report import difference_json, difference_text

    found = diff(read_policies(chosen.old), read_policies(chosen.new))
    _print(chosen.json, difference_json(found), difference_text(found))
    return FAULTY if found.gains else 0


def _matrix(chosen: argparse.Namespace) -> int:
    from gateway.policy.matrix import matrix
    from gateway.policy.model import model_of
    from gateway.policy.snapshot import snapshot

    model = model_of(chosen.directory)
    print(snapshot(model) if chosen.snapshot else matrix(model), end="")
    return 0
