"""Reads the rules from disk and refuses to start on anything that Cedar itself would let pass.

Cedar's validator checks types, attributes and actions. It does not know our labels and roles, accepts two policies
of the same @id, and a policy without a reason: those are checked here. Groups are written into the text that is
hashed, so a changed group is a changed policy version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import cedarpy
import yaml

from gateway.authorization.attributes import NOBODY, viewer_of
from gateway.authorization.finding import Finding, PolicyError
from gateway.authorization.masks import MASKS
from gateway.authorization.statements import Statement, statements
from schema.enums import AgencyKind, Clearance, Purpose, Role
from schema.label import Label

__all__ = ["DIRECTORY", "NAMESPACE", "Inspection", "Policy", "PolicyError", "PolicySet", "inspect", "read_policies"]

DIRECTORY = Path(__file__).with_name("policies")
NAMESPACE = "Yiti"
SCHEMA_FILE, GROUPS_FILE = "schema.cedarschema", "groups.yaml"
REQUIRED = {"id": "a name that stands in the access log", "basis": "the article it rests on"}
ANNOTATIONS = frozenset({*REQUIRED, "mask", "obligation"})

Uid = tuple[str, str]  # entity type without namespace, id


class Entity(TypedDict):
    """One entity in Cedar's own JSON form."""

    uid: dict[str, str]
    attrs: dict[str, object]
    parents: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is written above one policy, and where."""

    id: str
    basis: str
    mask: str | None
    forbids: bool
    file: str
    line: int
    obligation: str | None = None  # what comes with the permission, in words


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Checked rules, parsed once."""

    version: str
    policies: Mapping[str, Policy]  # by @id
    rules: cedarpy.PolicySet
    schema: cedarpy.Schema
    vocabulary: cedarpy.Entities  # roles and labels in their groups
    schema_text: str = ""  # as it is written, with what each fact means


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that is wrong with a directory of rules, or the rules."""

    findings: tuple[Finding, ...]
    policies: PolicySet | None


def read_policies(directory: Path = DIRECTORY) -> PolicySet:
    """All rules of a directory, or PolicyError with everything that is wrong.

    The directory holds `schema.cedarschema`, `groups.yaml` and the `*.cedar` files, read in the order of their names.
    """
    inspection = inspect(directory)
    if inspection.policies is None:
        raise PolicyError(inspection.findings)
    return inspection.policies


def inspect(directory: Path = DIRECTORY) -> Inspection:
    """The rules of a directory, or all that keeps them from use; its policies only if schema and groups hold."""
    findings: list[Finding] = []
    read = {name: _text(directory / name, findings) for name in (SCHEMA_FILE, GROUPS_FILE)}
    texts = {name: text for name, text in read.items() if text is not None}
    schema = _schema(texts[SCHEMA_FILE], findings) if SCHEMA_FILE in texts else None
    entities = _entities(texts[GROUPS_FILE], findings) if GROUPS_FILE in texts else []
    known = {(_short(entity["uid"]["type"]), entity["uid"]["id"]) for entity in entities} | _enumerated()
    policies: dict[str, Policy] = {}
    rules: list[str] = []
    if schema is not None and not findings:
        for path in sorted(directory.glob("*.cedar")):
            text = _text(path, findings)
            if text is not None:
                _read(list(statements(path.name, text)), schema, known, policies, findings)
                rules.append(text)
        if not policies and not findings:
            findings.append(
                Finding(
                    "*.cedar", 0, "POLICY_NONE", "there is no policy, so nothing could ever be allowed", "write one"
                )
            )
    if schema is not None and not findings:
        findings += _unfit(schema, entities)
    if findings or schema is None:
        return Inspection(tuple(sorted(findings)), None)
    whole = "\n".join(rules)
    return Inspection(
        (),
        PolicySet(
            version=_version(whole, texts[SCHEMA_FILE], texts[GROUPS_FILE]),
            policies=policies,
            rules=cedarpy.PolicySet.from_str(whole),
            schema=schema,
            vocabulary=cedarpy.Entities.from_json_str(json.dumps(entities), schema),
            schema_text=texts[SCHEMA_FILE],
        ),
    )


def _version(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]


def _text(path: Path, findings: list[Finding]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        findings.append(
            Finding(
                path.name, 0, "POLICY_UNREADABLE", "cannot be read as UTF-8 text", f"it must stand in {path.parent}"
            )
        )
        return None


def _schema(text: str, findings: list[Finding]) -> cedarpy.Schema | None:
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        findings.append(Finding(SCHEMA_FILE, 0, "POLICY_SCHEMA", f"not a Cedar schema: {error}", "correct it"))
        return None


def _unfit(schema: cedarpy.Schema, entities: Sequence[Entity]) -> Iterator[Finding]:
    """A schema that other facts fit than the ones which the gateway derives: it would refuse everybody everything."""
    try:
        vocabulary = cedarpy.Entities.from_json_str(json.dumps(entities), schema)
        vocabulary.with_added_json_str(viewer_of(NOBODY), schema)
    except ValueError as error:
        message = f"does not declare the facts that this gateway derives: {error}"
        yield Finding(SCHEMA_FILE, 0, "POLICY_SCHEMA", message, f"declare them as in {DIRECTORY.name}/{SCHEMA_FILE}")


def _read(
    found: Sequence[Statement],
    schema: cedarpy.Schema,
    known: set[Uid],
    policies: dict[str, Policy],
    findings: list[Finding],
) -> None:
    """The policies of one file, into `policies` and `findings`."""
    for statement in found:
        body = _body(statement, findings)
        if body is None:
            continue
        annotations = _annotations(body)
        where = f"@id({annotations['id']!r})" if annotations.get("id") else "a policy"
        wrong = [
            *_type_errors(statement, where, schema),
            *_annotation_errors(statement, where, annotations, forbids=body["effect"] == "forbid"),
            *_strangers(statement, where, body, known),
        ]
        findings.extend(wrong)
        name = annotations.get("id") or ""
        if name in policies:
            first = policies[name]
            findings.append(
                Finding(
                    statement.file,
                    statement.line,
                    "POLICY_ID_TWICE",
                    f"a second policy with @id({name!r}), which stands at {first.file}:{first.line}",
                    "give it an id of its own",
                )
            )
        elif not wrong:
            policies[name] = Policy(
                name,
                annotations.get("basis") or "",
                annotations.get("mask"),
                body["effect"] == "forbid",
                statement.file,
                statement.line,
                annotations.get("obligation"),
            )


def _body(statement: Statement, findings: list[Finding]) -> Mapping[str, object] | None:
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(statement.text))
    except ValueError as error:
        message = f"not a Cedar policy: {error}"
        findings.append(Finding(statement.file, statement.line, "POLICY_SYNTAX", message, "correct it"))
        return None
    if parsed["templates"]:
        message, fix = "holds a template", "write one policy for each case"
        findings.append(Finding(statement.file, statement.line, "POLICY_TEMPLATE", message, fix))
        return None
    (body,) = parsed["staticPolicies"].values()
    return dict(body)


def _annotations(body: Mapping[str, object]) -> dict[str, str | None]:
    written = body.get("annotations")
    return dict(written) if isinstance(written, dict) else {}


def _type_errors(statement: Statement, where: str, schema: cedarpy.Schema) -> Iterator[Finding]:
    result = cedarpy.validate_policies(statement.text, schema)
    for error in result.errors:
        named = error.error.rpartition("attribute `")[2].partition("`")[0]
        line = statement.line_of(f".{named}") if named else statement.line
        message = error.error.removeprefix("for policy `policy0`, ")
        yield Finding(statement.file, line, "POLICY_TYPE", f"{where}: {message}", f"correct it, or {SCHEMA_FILE}")


def _annotation_errors(
    statement: Statement, where: str, annotations: Mapping[str, str | None], *, forbids: bool
) -> Iterator[Finding]:
    file, line = statement.file, statement.line
    for required, meaning in REQUIRED.items():
        if not (annotations.get(required) or "").strip():
            code = f"POLICY_{required.upper()}_MISSING"
            yield Finding(file, line, code, f"{where} lacks @{required}", f"add {meaning}")
    for unknown in sorted(annotations.keys() - ANNOTATIONS):
        fix = f"known annotations are {', '.join(sorted(ANNOTATIONS))}"
        place = statement.line_of(f"@{unknown}")
        yield Finding(file, place, "POLICY_ANNOTATION_UNKNOWN", f"{where} bears @{unknown}", fix)
    mask = annotations.get("mask")
    if "mask" in annotations and (mask not in MASKS or forbids):
        fix = f"a permit may name one of {', '.join(MASKS)}"
        yield Finding(file, statement.line_of("@mask"), "POLICY_MASK_UNKNOWN", f"{where} bears @mask({mask!r})", fix)


def _strangers(statement: Statement, where: str, body: Mapping[str, object], known: set[Uid]) -> Iterator[Finding]:
    for kind, key in sorted(set(_literals(body)) - known):
        literal = f'{kind}::"{key}"'
        yield Finding(
            statement.file,
            statement.line_of(f'"{key}"'),
            "POLICY_NAME_UNKNOWN",
            f"{where} speaks of {literal}",
            "correct the name, or declare it in schema/label.py, schema/enums or groups.yaml",
        )


def _literals(node: object) -> Iterator[Uid]:
    if isinstance(node, dict):
        kind, key = node.get("type"), node.get("id")
        if isinstance(kind, str) and isinstance(key, str) and _short(kind) != "Action":  # Cedar checks actions
            yield _short(kind), key
        for child in node.values():
            yield from _literals(child)
    elif isinstance(node, list):
        for child in node:
            yield from _literals(child)


def _short(kind: str) -> str:
    return kind.removeprefix(f"{NAMESPACE}::")


def _enumerated() -> set[Uid]:
    return {(words.__name__, one) for words in (Purpose, AgencyKind, Clearance) for one in words.__members__}


def _entities(text: str, findings: list[Finding]) -> list[Entity]:
    try:
        groups = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        message = f"not YAML: {getattr(error, 'problem', '')}"
        findings.append(Finding(GROUPS_FILE, line, "POLICY_GROUPS", message, "correct its syntax"))
        return []
    return [
        *_grouped(text, groups, "labels", "Label", [label.value for label in Label], findings),
        *_grouped(text, groups, "roles", "Role", [role.name for role in Role], findings),
    ]


def _grouped(
    text: str, groups: object, section: str, kind: str, members: list[str], findings: list[Finding]
) -> Iterator[Entity]:
    declared = groups.get(section) if isinstance(groups, dict) else None
    if not isinstance(declared, dict) or not all(isinstance(names, list) for names in declared.values()):
        message = f"{section} must map each group to a list of names"
        findings.append(Finding(GROUPS_FILE, 0, "POLICY_GROUPS", message, "write `group: [NAME, NAME]`"))
        return
    for group, names in declared.items():
        for stranger in sorted(str(name) for name in names if name not in members):
            line = text[: max(text.find(stranger), 0)].count("\n") + 1
            message = f"{section}.{group} lists {stranger}, which is no {kind}"
            findings.append(Finding(GROUPS_FILE, line, "POLICY_NAME_UNKNOWN", message, "correct it"))
        yield {"uid": _uid(f"{kind}Group", str(group)), "attrs": {}, "parents": []}
    for member in members:
        parents = [_uid(f"{kind}Group", str(group)) for group, names in declared.items() if member in names]
        yield {"uid": _uid(kind, member), "attrs": {}, "parents": parents}


def _uid(kind: str, key: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": key}
