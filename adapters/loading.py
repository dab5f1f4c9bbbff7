"""Manifests from files: a typo stops the start with file, path and fix (ManifestError).

Secrets and addresses come from the environment: `${NAME}` anywhere in a string of the `source` part.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from adapters.explaining import explain
from adapters.manifest import Manifest, ManifestError


class _Yaml(yaml.SafeLoader):
    """YAML whose only booleans are true and false, and which has no dates: `on`, `no` and `Y` are words."""


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
TOWNSHIPS = "townships.yaml"
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def load(path: Path, environment: Mapping[str, str] | None = None) -> Manifest:
    """Read one manifest; raises ManifestError that names the file, the path in it and the fix.

    `entities` may name a file beside the manifest that holds them, for systems that are alike.
    """
    environment = os.environ if environment is None else environment
    raw = _mapping(path, "Start it with 'contract: \"1.0\"'.")
    if isinstance(shared := raw.get("entities"), str):
        raw["entities"] = _mapping(path.parent / shared, "Give it one key for each entity.")
    raw["source"] = _expand(raw.get("source"), environment, path, "source")
    try:
        return Manifest.model_validate(raw)
    except ValidationError as err:
        raise ManifestError(f"{path}: {explain(err, raw, Manifest.model_json_schema())}") from err


def _mapping(path: Path, fix: str) -> dict[str, object]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Yaml)  # noqa: S506 a SafeLoader underneath
    except (OSError, yaml.YAMLError) as err:
        raise ManifestError(f"{path}: cannot be read as YAML: {err}. Fix the file's syntax.") from err
    if not isinstance(raw, dict):
        raise ManifestError(f"{path}: holds no mapping. {fix}")
    return raw


def load_directory(path: Path, environment: Mapping[str, str] | None = None) -> tuple[Manifest, ...]:
    """Every *.yaml under a directory, in the order of their ids; ManifestError where two share one.

    A list of township names may lie beside the manifests, under the name that TOWNSHIPS says.
    """
    found: dict[str, tuple[Path, Manifest]] = {}
    for file in sorted(path.rglob("*.yaml")):
        if file.name == TOWNSHIPS:
            continue
        manifest = load(file, environment)
        if manifest.id in found:
            other = found[manifest.id][0]
            raise ManifestError(f"{file}: id: {manifest.id} is the id of {other} too. Give each its own.")
        found[manifest.id] = (file, manifest)
    if not found:
        raise ManifestError(f"{path}: holds no manifest. Put at least one adapter's .yaml there.")
    return tuple(found[name][1] for name in sorted(found))


def _expand(node: object, environment: Mapping[str, str], path: Path, where: str) -> object:
    if isinstance(node, str):

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environment:
                raise ManifestError(f"{path}: {where}: ${{{name}}} is not set. Set that variable.")
            return environment[name]

        return _VARIABLE.sub(value, node)
    if isinstance(node, dict):
        return {key: _expand(item, environment, path, f"{where}.{key}") for key, item in node.items()}
    if isinstance(node, list):
        return [_expand(item, environment, path, f"{where}.{index}") for index, item in enumerate(node)]
    return node
