"""Reads the rules from disk and refuses to start on anything that Cedar itself would let pass.

Cedar's validator checks types, attributes and actions. It does not know our labels and roles, accepts two policies
of the same @id, and a policy without a reason: those are checked here. Groups are written into the text that is
hashed, so a changed group is a changed policy version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import cedarpy
import yaml

from gateway.authorization.masks import MASKS
from schema.enums import AgencyKind, Purpose, Role
from schema.label import Label

DIRECTORY = Path(__file__).with_name("policies")
NAMESPACE = "Yiti"
ANNOTATIONS = frozenset({"id", "basis", "mask"})

Uid = tuple[str, str]  # entity type without namespace, id


class Entity(TypedDict):
    """One entity in Cedar's own JSON form."""

    uid: dict[str, str]
    attrs: dict[str, object]
    parents: list[dict[str, str]]


class PolicyError(Exception):
    """The rules cannot be used; the message names the file and what to do. Stops the start."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is written above one policy."""

    id: str
    basis: str
    mask: str | None
    forbids: bool


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Checked rules, parsed once."""

    version: str
    policies: Mapping[str, Policy]  # by @id
    rules: cedarpy.PolicySet
    schema: cedarpy.Schema
    vocabulary: cedarpy.Entities  # roles and labels in their groups


def read_policies(directory: Path = DIRECTORY) -> PolicySet:
    """All rules of a directory, or PolicyError.

    The directory holds `schema.cedarschema`, `groups.yaml` and the `*.cedar` files, read in the order of their names.
    """
    schema_path, groups_path = directory / "schema.cedarschema", directory / "groups.yaml"
    schema_text, groups_text = _text(schema_path), _text(groups_path)
    schema = _schema(schema_path, schema_text)
    entities = _entities(groups_path, groups_text)
    known = {(_short(entity["uid"]["type"]), entity["uid"]["id"]) for entity in entities} | _enumerated()
    policies: dict[str, Policy] = {}
    texts: list[str] = []
    for path in sorted(directory.glob("*.cedar")):
        text = _text(path)
        _validate(path, text, schema)
        for policy in _read(path, text, known):
            if policy.id in policies:
                raise PolicyError(f"{path.name}: a second policy with @id({policy.id!r}); give it an id of its own")
            policies[policy.id] = policy
        texts.append(text)
    if not policies:
        raise PolicyError(f"{directory}: no policy in any *.cedar file; nothing could ever be allowed")
    rules = "\n".join(texts)
    return PolicySet(
        version=_version(rules, schema_text, groups_text),
        policies=policies,
        rules=cedarpy.PolicySet.from_str(rules),
        schema=schema,
        vocabulary=cedarpy.Entities.from_json_str(json.dumps(entities), schema),
    )


def _version(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: cannot be read as UTF-8 text; it must stand in {path.parent}") from error


def _schema(path: Path, text: str) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        raise PolicyError(f"{path.name}: not a Cedar schema: {error}") from error


def _validate(path: Path, text: str, schema: cedarpy.Schema) -> None:
    result = cedarpy.validate_policies(text, schema)
    if not result.validation_passed:
        names = result.id_annotations_by_policy_id
        found = "; ".join(f"@id({names.get(e.policy_id, '?')!r}) {e.error}" for e in result.errors)
        raise PolicyError(f"{path.name}: does not fit schema.cedarschema: {found}")


def _read(path: Path, text: str, known: set[Uid]) -> Iterator[Policy]:
    parsed = json.loads(cedarpy.policies_to_json_str(text))
    if parsed["templates"]:
        raise PolicyError(f"{path.name}: holds a template; write one policy for each case")
    for name, body in parsed["staticPolicies"].items():
        policy = _annotated(path, name, body)
        strangers = sorted(f'{kind}::"{key}"' for kind, key in set(_literals(body)) - known)
        if strangers:
            raise PolicyError(
                f"{path.name}: @id({policy.id!r}) speaks of {', '.join(strangers)}; "
                "correct the name, or declare it in schema/label.py, schema/enums.py or groups.yaml"
            )
        yield policy


def _annotated(path: Path, name: str, body: Mapping[str, object]) -> Policy:
    written = body.get("annotations")
    annotations: dict[str, str | None] = dict(written) if isinstance(written, dict) else {}
    where = f"{path.name}: @id({annotations['id']!r})" if annotations.get("id") else f"{path.name}: {name}"
    for required, meaning in (("id", "a name that stands in the access log"), ("basis", "the article it rests on")):
        if not (annotations.get(required) or "").strip():
            raise PolicyError(f"{where} lacks @{required}: {meaning}")
    unknown = sorted(annotations.keys() - ANNOTATIONS)
    if unknown:
        raise PolicyError(f"{where} bears @{unknown[0]}; known annotations are {', '.join(sorted(ANNOTATIONS))}")
    mask, forbids = annotations.get("mask"), body["effect"] == "forbid"
    if "mask" in annotations and (mask not in MASKS or forbids):
        raise PolicyError(f"{where} bears @mask({mask!r}); a permit may name one of {', '.join(MASKS)}")
    return Policy(str(annotations["id"]), str(annotations["basis"]), mask, forbids)


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
    return {("Purpose", purpose.name) for purpose in Purpose} | {("AgencyKind", kind.name) for kind in AgencyKind}


def _entities(path: Path, text: str) -> list[Entity]:
    try:
        groups = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyError(f"{path.name}: not YAML; {error}") from error
    return [
        *_grouped(path, groups, "labels", "Label", [label.value for label in Label]),
        *_grouped(path, groups, "roles", "Role", [role.name for role in Role]),
    ]


def _grouped(path: Path, groups: object, section: str, kind: str, members: list[str]) -> Iterator[Entity]:
    declared = groups.get(section) if isinstance(groups, dict) else None
    if not isinstance(declared, dict) or not all(isinstance(names, list) for names in declared.values()):
        raise PolicyError(f"{path.name}: {section} must map each group to a list of names")
    for group, names in declared.items():
        strangers = sorted(str(name) for name in names if name not in members)
        if strangers:
            raise PolicyError(f"{path.name}: {section}.{group} lists {strangers[0]}, which is no {kind}; correct it")
        yield {"uid": _uid(f"{kind}Group", str(group)), "attrs": {}, "parents": []}
    for member in members:
        parents = [_uid(f"{kind}Group", str(group)) for group, names in declared.items() if member in names]
        yield {"uid": _uid(kind, member), "attrs": {}, "parents": parents}


def _uid(kind: str, key: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": key}
