"""Turns pydantic's problems with a manifest into sentences: the path as written, what is wrong, the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from adapters.words import Problems, suggest

JsonSchema = Mapping[str, Any]  # JSON as pydantic exports it


def explain(err: ValidationError, raw: object, schema: JsonSchema) -> str:
    """All problems, each with its path within the file; a union's second opinion on one place is left out."""
    sentences: dict[str, str] = {}
    for problem in err.errors(include_url=False, include_input=False):
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, Problems):
            sentences.update(cause.found)
            continue
        path = written_path(problem["loc"], raw)
        sentences.setdefault(".".join(path), _sentence(problem, path, raw, schema))
    return "; ".join(f"{path or 'the file'}: {sentence}" for path, sentence in sentences.items())


def written_path(loc: tuple[int | str, ...], raw: object) -> list[str]:
    """The part of pydantic's path that the author wrote: no names of union members, no index of a lone dataset."""
    path: list[str] = []
    node: Any = raw  # YAML as loaded
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        is_index = isinstance(node, list) and isinstance(part, int) and part < len(node)
        if is_index or (isinstance(node, dict) and part in node):
            node = node[part]
        elif not (last and isinstance(node, dict) and isinstance(part, str) and part.isidentifier()):
            continue
        path.append(str(part))
    return path


def _sentence(problem: ErrorDetails, path: list[str], raw: object, schema: JsonSchema) -> str:
    kind = problem["type"]
    if kind == "extra_forbidden":
        return f"unknown word. {suggest(path[-1], words_at(path[:-1], raw, schema))}"
    if kind == "missing":
        return "is missing. Add it."
    if kind == "union_tag_invalid":
        return f"{problem['msg']}. Choose one of these kinds."
    if problem["loc"] and problem["loc"][-1] == "[key]":
        return "a code reads as a number here. Put it in quotes: '01' and 1 are different codes."
    if kind == "string_type":
        return "must be text. Put it in quotes."
    message = problem["msg"].removeprefix("Value error, ")
    return message if message.endswith((".", "?")) else f"{message}. Correct it."


def words_at(path: list[str], raw: object, schema: JsonSchema) -> list[str]:
    """The words that the schema knows at a path."""
    nodes = [_resolved(schema, schema)]
    value = raw
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value.get(part) if isinstance(value, dict) else None
        nodes = [found for node in nodes for step in _below(node, part) for found in _options(step, value, schema)]
    return sorted({word for node in nodes for word in node.get("properties", {})})


def _resolved(node: JsonSchema, schema: JsonSchema) -> JsonSchema:
    reference = node.get("$ref")
    return schema["$defs"][str(reference).rsplit("/", 1)[-1]] if reference else node


def _below(node: JsonSchema, part: str) -> list[JsonSchema]:
    further = node.get("additionalProperties")
    steps = [node.get("properties", {}).get(part), further, node.get("items") if part.isdigit() else None]
    return [step for step in steps if isinstance(step, dict)]


def _options(node: JsonSchema, value: object, schema: JsonSchema) -> list[JsonSchema]:
    kinds = node.get("discriminator", {}).get("mapping", {})
    if kinds and isinstance(value, dict) and value.get("kind") in kinds:
        return [_resolved({"$ref": kinds[value["kind"]]}, schema)]
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if node.get("type") == "array" and not isinstance(value, list):
        branches.append(node["items"])  # a lone dataset may stand for a list of one
    if not branches:
        return [_resolved(node, schema)]
    return [found for branch in branches for found in _options(branch, value, schema)]
