"""The manifest format as JSON Schema, for editors: completes words, entity names and each entity's own fields."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from adapters.manifest import Manifest
from schema.entities import ENTITIES, Column, Entity

Json = dict[str, Any]  # JSON as pydantic exports it


def editor_schema() -> Json:
    """A JSON Schema (2020-12) to name in a manifest's first line: `# yaml-language-server: $schema=...`."""
    schema = Manifest.model_json_schema()
    definitions = schema["$defs"]
    general = definitions.pop("Dataset")
    for entity in ENTITIES.values():
        definitions[f"Dataset.{entity.name}"] = _dataset(general, entity)
    schema["properties"]["entities"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {entity.name: _one_or_more(entity) for entity in ENTITIES.values()},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _one_or_more(entity: Entity) -> Json:
    reference = {"$ref": f"#/$defs/Dataset.{entity.name}"}
    return {"description": entity.term, "anyOf": [reference, {"type": "array", "items": reference}]}


def _dataset(general: Json, entity: Entity) -> Json:
    dataset = deepcopy(general)
    dataset["title"] = f"Dataset of {entity.name}"
    dataset["properties"]["fields"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {column.name: _field(column) for column in entity.columns.values()},
    }
    return dataset


def _field(column: Column) -> Json:
    members = f", {column.enum.__name__}: {', '.join(member.name for member in column.enum)}" if column.enum else ""
    return {"allOf": [{"$ref": "#/$defs/FieldMap"}], "description": f"{column.term} ({column.kind.value}{members})"}
