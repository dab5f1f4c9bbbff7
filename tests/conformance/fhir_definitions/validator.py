"""Holds a resource to HL7's StructureDefinition: elements, cardinalities, types, and the codes of bound value sets.

It does not look at FHIRPath invariants beyond the one AuditEvent has of its own, at slices, at references' targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.conformance.fhir_definitions.definitions import Definitions

_PYTHON = {"boolean": bool, "integer": int, "decimal": (int, float), "positiveInt": int, "unsignedInt": int}
_REGEX = "http://hl7.org/fhir/StructureDefinition/regex"


class Validator:
    """Says what is wrong with resources, each fault with its place."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._codes = cache(self._codes_of)

    def faults(self, resource: dict[str, Any]) -> list[str]:
        """Everything that the definition of its type does not allow."""
        kind = resource["resourceType"]
        body = {name: value for name, value in resource.items() if name != "resourceType"}
        found = list(self._object(body, kind, kind, kind))
        for number, entity in enumerate(resource.get("entity", ())):
            if "name" in entity and "query" in entity:
                found.append(f"{kind}.entity[{number}]: sev-1: a name or a query, not both")
        return found

    def _object(self, value: Any, structure: str, path: str, where: str) -> Iterator[str]:
        """`path` is the element's path in the structure's snapshot, `where` the place that is told."""
        if not isinstance(value, dict) or not value:
            yield f"{where}: an object that holds something"
            return
        elements = self._children(structure, path)
        for name in value.keys() - elements.keys():
            yield f"{where}.{name}: no such element"
        for name, (element, kind) in elements.items():
            choice = element["path"].endswith("[x]")
            if element["min"] and name not in value and not choice:
                yield f"{where}.{name}: missing"
            if name in value:
                yield from self._element(value[name], element, kind, structure, f"{where}.{name}")
        for element in {id(one): one for one, _ in elements.values()}.values():
            if element["path"].endswith("[x]"):
                stem = element["path"].rpartition(".")[2].removesuffix("[x]")
                given = [name for name in value if name.startswith(stem) and name in elements]
                if len(given) > 1 or (element["min"] and not given):
                    yield f"{where}.{stem}[x]: exactly one type of it"

    def _element(self, value: Any, element: dict[str, Any], kind: str, structure: str, where: str) -> Iterator[str]:
        is_list = element["max"] != "1"
        if is_list != isinstance(value, list) or value == []:
            yield f"{where}: {'a list that is not empty' if is_list else 'no list'}"
            return
        for number, one in enumerate(value if is_list else [value]):
            place = f"{where}[{number}]" if is_list else where
            if kind in ("BackboneElement", "Element"):
                yield from self._object(one, structure, element["path"], place)
            elif self._definitions.structures[kind]["kind"] == "primitive-type":
                yield from self._primitive(one, kind, place)
            else:
                yield from self._object(one, kind, kind, place)
            yield from self._bound(one, kind, element, place)

    def _primitive(self, value: Any, kind: str, where: str) -> Iterator[str]:
        expected = _PYTHON.get(kind, str)
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            yield f"{where}: a {kind}"
            return
        if isinstance(value, str):
            for element in self._definitions.structures[kind]["snapshot"]["element"]:
                for one in element.get("type", ()):
                    for extension in one.get("extension", ()):
                        if extension["url"] == _REGEX and not re.fullmatch(extension["valueString"], value):
                            yield f"{where}: a {kind}"

    def _bound(self, value: Any, kind: str, element: dict[str, Any], where: str) -> Iterator[str]:
        binding = element.get("binding", {})
        if binding.get("strength") not in ("required", "extensible"):
            return
        codes = self._codes(binding["valueSet"].partition("|")[0])
        if kind == "code":
            if value not in {code for _, code in codes}:
                yield f"{where}: {value} is none of {binding['valueSet']}"
            return
        codings = value.get("coding", []) if kind == "CodeableConcept" else [value]
        systems = {system for system, _ in codes}
        for coding in codings:
            pair = (coding.get("system"), coding.get("code"))
            # Extensible: another code only of a system that the value set does not draw on.
            if pair[0] in systems and pair not in codes:
                yield f"{where}: {pair} is none of {binding['valueSet']}"
            yield from self._spoken(coding, where)

    def _spoken(self, coding: dict[str, Any], where: str) -> Iterator[str]:
        system = self._definitions.code_systems.get(coding.get("system", ""))
        if system is not None:
            shown = {one["code"]: one.get("display") for one in _concepts(system.get("concept", ()))}
            if coding.get("code") not in shown:
                yield f"{where}: {coding.get('code')} is no code of {coding['system']}"
            elif coding.get("display") not in (None, shown[coding["code"]]):
                yield f"{where}: {coding['code']} is called {shown[coding['code']]}"

    def _children(self, structure: str, path: str) -> dict[str, tuple[dict[str, Any], str]]:
        found: dict[str, tuple[dict[str, Any], str]] = {}
        for element in self._definitions.structures[structure]["snapshot"]["element"]:
            parent, _, name = element["path"].rpartition(".")
            if parent != path:
                continue
            for kind in element.get("type", ()):
                code = kind["code"]
                if "fhirpath" in code:  # how structures write the ids of resources and elements
                    code = "id" if "." not in path else "string"
                plain = name.removesuffix("[x]") + (code[0].upper() + code[1:] if name.endswith("[x]") else "")
                found[plain] = (element, code)
        return found

    def _codes_of(self, address: str) -> frozenset[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for include in self._definitions.value_sets[address]["compose"]["include"]:
            found |= {(include["system"], one["code"]) for one in include.get("concept", ())}
            if "concept" not in include:
                held = self._definitions.code_systems.get(include["system"], {}).get("concept", ())
                found |= {(include["system"], one["code"]) for one in _under(held, include.get("filter"))}
        return frozenset(found)


def _concepts(concepts: Any) -> Iterator[dict[str, Any]]:
    for concept in concepts:
        yield concept
        yield from _concepts(concept.get("concept", ()))


def _under(concepts: Any, filters: Any) -> Iterator[dict[str, Any]]:
    """All concepts, or those below the one that an `is-a` filter names."""
    if not filters:
        yield from _concepts(concepts)
        return
    (wanted,) = [one["value"] for one in filters if one["op"] == "is-a"]
    for concept in _concepts(concepts):
        if concept["code"] == wanted:
            yield from _concepts([concept])
