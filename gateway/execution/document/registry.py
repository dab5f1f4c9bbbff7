"""The registry of trusted documents: a JSON object of SHA-256 hash and text, made from operation files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from gateway.errors import GatewayError
from gateway.execution.document.documents import Documents


class RegistryError(Exception):
    """A registry or an operation file that cannot be used: says which one, what is wrong with it and the fix."""

    code = "REGISTRY"


def read_registry(path: Path, documents: Documents) -> Mapping[str, str]:
    """The registered texts by hash, each one checked against its hash, the schema and the limits."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise RegistryError(f"{path}: cannot be read as JSON. Write it with `yiti documents`.") from err
    if not isinstance(found, dict):
        raise RegistryError(f"{path}: must be an object of hash and document. Write it with `yiti documents`.")
    for digest, text in found.items():
        if not isinstance(text, str) or hash_of(text) != digest:
            raise RegistryError(f"{path}: {digest[:64]}: is not its document's SHA-256. Write the file anew.")
        _check(documents, text, f"{path}: {digest}")
    return found


def register(files: Sequence[Path], documents: Documents) -> dict[str, str]:
    """The registry of some operation files; fragments may stand in any of them.

    Each operation is registered as printed with the fragments that it needs, which is what clients print too; each
    file that is complete in itself also as it stands, for clients that send it so.
    """
    texts = {path: _text(path) for path in files}
    parsed = {path: _parsed(path, text) for path, text in texts.items()}
    definitions = [(path, one) for path, document in parsed.items() for one in document.definitions]
    fragments = _fragments(definitions)
    found: dict[str, str] = {}
    for path, definition in definitions:
        if isinstance(definition, OperationDefinitionNode):
            needed = (definition, *_needed(definition, fragments, path))
            text = print_ast(DocumentNode(definitions=needed))
            _check(documents, text, f"{path}: {definition.name.value if definition.name else 'operation'}")
            found[hash_of(text)] = text
    for path, document in parsed.items():
        if any(isinstance(one, OperationDefinitionNode) for one in document.definitions) and _is_complete(document):
            _check(documents, texts[path], str(path))
            found[hash_of(texts[path])] = texts[path]
    if not found:
        raise RegistryError("No operation in these files. Name files that hold queries.")
    return dict(sorted(found.items()))


def hash_of(text: str) -> str:
    """The hash by which clients name a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _text(path: Path) -> str:
    try:
        # Newlines as they stand: the hash is of the file's own bytes.
        return path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as err:
        raise RegistryError(f"{path}: cannot be read as UTF-8 text. Name a file of GraphQL operations.") from err


def _parsed(path: Path, text: str) -> DocumentNode:
    try:
        return parse(text, no_location=True)
    except GraphQLError as err:
        place = f"line {err.locations[0].line}, column {err.locations[0].column}" if err.locations else "somewhere"
        raise RegistryError(f"{path}: {place}: not GraphQL. Correct it there.") from err
    except RecursionError as err:
        raise RegistryError(f"{path}: nested too deeply to be read.") from err


def _fragments(definitions: Iterable[tuple[Path, DefinitionNode]]) -> dict[str, FragmentDefinitionNode]:
    found: dict[str, FragmentDefinitionNode] = {}
    for path, one in definitions:
        if isinstance(one, FragmentDefinitionNode):
            if one.name.value in found and print_ast(found[one.name.value]) != print_ast(one):
                raise RegistryError(f"{path}: fragment {one.name.value}: defined twice, differently. Rename one.")
            found[one.name.value] = one
    return found


def _needed(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], path: Path
) -> Iterator[FragmentDefinitionNode]:
    """The fragments that an operation spreads, and those that they spread, in the order in which they are met."""
    seen: dict[str, None] = dict.fromkeys(_spread(operation))
    waiting = list(seen)
    while waiting:
        name = waiting.pop(0)
        if name not in fragments:
            raise RegistryError(f"{path}: fragment {name}: in none of the files. Name the file that holds it, too.")
        yield fragments[name]
        further = [one for one in _spread(fragments[name]) if one not in seen]
        seen |= dict.fromkeys(further)
        waiting += dict.fromkeys(further)


def _spread(node: Node) -> list[str]:
    names: list[str] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.append(spread.name.value)

    visit(node, Spreads())
    return names


def _is_complete(document: DocumentNode) -> bool:
    own = {one.name.value for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return own.issuperset(_spread(document))


def _check(documents: Documents, text: str, where: str) -> None:
    try:
        documents.get(text)
    except GatewayError as err:
        raise RegistryError(f"{where}: {err.message}") from err
