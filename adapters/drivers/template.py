"""Endpoint templates: each placeholder is put where it stands in the way that keeps it a value there.

A value that fills its place alone (a path segment, a query parameter, a header, a string of the body) is encoded
for that place. A value inside a longer text may become part of a language that we do not know - the police
request service takes SQL as its Condition - so there it must match `key_pattern` or be one plain word; otherwise
nothing is sent. A parameter or a body entry whose placeholder has no value (the cursor of the first page, a filter
that nobody asked for) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final, cast
from urllib.parse import quote

from msgspec import Struct

from adapters.contract import Call, Invalid
from adapters.manifest import Endpoint, ManifestError

Value = str | int | tuple[str, ...] | None

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_NAMES: Final = frozenset({"key", "keys", "page", "size", "offset", "cursor", "fields"})
_REQUEST: Final = frozenset({"request.id", "request.actor", "request.agency", "request.purpose"})
_OURS: Final = frozenset({"page", "size", "offset", "fields"})  # numbers of ours and names from the manifest
_LISTED_WORDS: Final = re.compile(r"[\w.~,-]*", re.ASCII)
_PLAIN: Final = re.compile(r"(?!.*--)[\w·.:@/-]+")


class Scope(Struct, frozen=True, gc=False):
    """What the placeholders of one call stand for. `values` goes by the agency's own parameter names."""

    call: Call | None = None
    keys: Sequence[str] = ()
    page: int | None = None
    size: int | None = None
    offset: int | None = None
    cursor: str | None = None
    values: Mapping[str, str | tuple[str, ...]] = {}
    fields: Sequence[str] = ()

    def __getitem__(self, name: str) -> Value:
        match name:
            case "key":
                return self.keys[0] if self.keys else None
            case "keys":
                return tuple(self.keys) or None
            case "fields":
                return ",".join(self.fields) or None
            case "page":
                return self.page
            case "size":
                return self.size
            case "offset":
                return self.offset
            case "cursor":
                return self.cursor
        if name.startswith("value:"):
            return self.values.get(name.removeprefix("value:"))
        if name.startswith("request."):
            return self._request(name)
        raise KeyError(name)

    def _request(self, name: str) -> str | None:
        if self.call is None:
            return None
        known = {
            "request.id": self.call.request_id,
            "request.actor": self.call.actor,
            "request.agency": self.call.agency,
            "request.purpose": self.call.purpose,
        }
        return known[name]


class Template:
    """One endpoint, compiled: an unknown placeholder or a broken key_pattern is a ManifestError at the start."""

    def __init__(self, endpoint: Endpoint, where: str, *, body_only: bool = False) -> None:
        self.where = where
        self.endpoint = endpoint
        self._into_body = body_only or endpoint.method == "POST"
        if self._into_body and not isinstance(endpoint.body, Mapping | None):
            raise ManifestError(f"{where}.body: is no mapping. Name its entries.")
        if "?" in endpoint.path or "#" in endpoint.path:
            raise ManifestError(f"{where}.path: holds '?' or '#'. Put parameters into `query`.")
        self.names = frozenset(_placeholders(endpoint, where))
        self._path = endpoint.path if _is_as_it_stands(endpoint.path) else None
        self._query = [(_encoded(name), text) for name, text in endpoint.query.items()]
        alone = [(f"{name}=", _alone(text)) for name, text in self._query]
        self._alone = None if any(name is None for _, name in alone) else cast(list[tuple[str, str]], alone)
        try:
            self._pattern = re.compile(endpoint.key_pattern) if endpoint.key_pattern is not None else None
        except re.error as err:
            raise ManifestError(f"{where}.key_pattern: {err}. Correct the regular expression.") from err

    def accepts(self, key: str) -> bool:
        """Whether this key may be sent at all."""
        if not key or not key.isprintable():
            return False
        return self._pattern is None or self._pattern.fullmatch(key) is not None

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        """Those keys that it accepts."""
        return keys if self._accepts_all(keys) else [key for key in keys if self.accepts(key)]

    def _accepts_all(self, keys: Sequence[str]) -> bool:
        if not all(keys) or not "".join(keys).isprintable():
            return False
        return self._pattern is None or all(map(self._pattern.fullmatch, keys))

    def target(self, scope: Scope) -> str:
        """Path and query below the base address, encoded."""
        path = self._path
        if path is None:
            path = "/".join(self._segment(segment, scope) for segment in self.endpoint.path.split("/"))
        query = self.query(scope)
        return f"{path}?{query}" if query else path

    def query(self, scope: Scope) -> str:
        """The query string; of a GET, search parameters that no placeholder takes are appended to it."""
        if self._alone is not None and not scope.values:  # as most are: each value fills its parameter
            found = [(start, self._checked(name, scope[name])) for start, name in self._alone]
            return "&".join([start + _encoded(self._joined(one)) for start, one in found if one is not None])
        pairs = [(name, self._text(text, scope)) for name, text in self._query]
        if scope.values and not self._into_body:
            pairs += [(_encoded_name(name), self._joined(value)) for name, value in self.unplaced(scope).items()]
        return "&".join([f"{name}={_encoded(text)}" for name, text in pairs if text is not None])

    def headers(self, scope: Scope) -> dict[str, str]:
        """The endpoint's headers; no value holds a line break, see `_checked`."""
        headers: dict[str, str] = {}
        for name, text in self.endpoint.headers.items():
            value = self._text(text, scope)
            if value is not None:
                headers[name] = value
        return headers

    def body(self, scope: Scope) -> dict[str, object] | None:
        """The body with its placeholders filled, as a structure; None where the endpoint has none.

        Of a POST, search parameters that no placeholder takes become entries of their own.
        """
        if self.endpoint.body is None and not self._into_body:
            return None
        filled = self._filled(self.endpoint.body, scope)
        extra = self.unplaced(scope) if self._into_body else {}
        if not isinstance(filled, dict):
            return {name: _listed(value) for name, value in extra.items()} or None
        return {**filled, **{name: _listed(value) for name, value in extra.items()}}

    def unplaced(self, scope: Scope) -> dict[str, str | tuple[str, ...]]:
        """Search parameters that the template does not place itself."""
        loose = {name: value for name, value in scope.values.items() if f"value:{name}" not in self.names}
        for name, value in loose.items():
            self._checked(name, value)
        return loose

    def _segment(self, segment: str, scope: Scope) -> str:
        text = self._text(segment, scope, literal=lambda part: part, value=_encoded)
        if text is None or text in (".", "..") or (not text and segment):
            raise Invalid(f"{self.where}: a value does not fit into the path; nothing was sent")
        return text

    def _filled(self, node: object, scope: Scope) -> object:
        if isinstance(node, str):
            name = _alone(node)
            if name is not None:
                return _listed(self._checked(name, scope[name]))
            return self._text(node, scope)
        if isinstance(node, Mapping):
            entries = ((str(name), item, self._filled(item, scope)) for name, item in node.items())
            return {name: filled for name, item, filled in entries if filled is not None or item is None}
        if isinstance(node, list | tuple):
            items = ((item, self._filled(item, scope)) for item in node)
            return [filled for item, filled in items if filled is not None or item is None]
        return node

    def _text(
        self,
        text: str,
        scope: Scope,
        *,
        literal: Callable[[str], str] = str,
        value: Callable[[str], str] = str,
    ) -> str | None:
        name = _alone(text)
        if name is not None:
            found = self._checked(name, scope[name])
            return None if found is None else value(self._joined(found))
        pieces: list[str] = []
        for index, part in enumerate(_pieces(text)):
            if index % 2 == 0:
                pieces.append(literal(part))
                continue
            found = self._checked(part, scope[part])
            if found is None:
                return None
            self._require_plain(part, found)
            pieces.append(value(self._joined(found)))
        return "".join(pieces)

    def _checked(self, name: str, found: Value) -> Value:
        if name in ("key", "keys"):
            keys = found if isinstance(found, tuple) else () if found is None else (str(found),)
            if not self._accepts_all(keys):
                raise Invalid(f"{self.where}: a key does not match key_pattern; nothing was sent")
            return found  # and can be printed
        text = "".join(found) if isinstance(found, tuple) else str(found)
        if not text.isprintable():  # controls, and halves of surrogate pairs
            raise Invalid(f"{self.where}: a value holds what cannot be sent; nothing was sent")
        return found

    def _require_plain(self, name: str, found: str | int | tuple[str, ...]) -> None:
        if name in _OURS or (name in ("key", "keys") and self._pattern is not None):
            return
        for piece in found if isinstance(found, tuple) else (str(found),):
            if _PLAIN.fullmatch(piece) is None:
                raise Invalid(
                    f"{self.where}: a value is more than a plain word inside a longer text; nothing was sent"
                )

    def _joined(self, found: str | int | tuple[str, ...]) -> str:
        if not isinstance(found, tuple):
            return str(found)
        separator = self.endpoint.separator
        joined = separator.join(found)
        if len(found) > 1 and (not separator or joined.count(separator) != len(found) - 1):
            raise Invalid(f"{self.where}: a value holds the separator of the list; nothing was sent")
        return joined


def _encoded(text: str) -> str:
    if _LISTED_WORDS.fullmatch(text):  # as keys are
        return text.replace(",", "%2C")
    return quote(text, safe="")


def _is_as_it_stands(path: str) -> bool:
    """Whether a path goes out as the manifest has it."""
    segments = path.split("/")
    return "{" not in path and "." not in segments and ".." not in segments


def _listed(found: Value) -> object:
    return list(found) if isinstance(found, tuple) else found


@cache
def _encoded_name(name: str) -> str:
    """Of a parameter, which a manifest names; a value is never remembered."""
    return _encoded(name)


@cache
def _alone(text: str) -> str | None:
    """The placeholder that a text of a manifest is."""
    match = _PLACEHOLDER.fullmatch(text)
    return match.group(1) if match else None


@cache
def _pieces(text: str) -> Sequence[str]:
    """What stands outside and, at every other place, inside the braces of a manifest's text."""
    return tuple(_PLACEHOLDER.split(text))


def _placeholders(endpoint: Endpoint, where: str) -> Iterable[str]:
    for part, node in (("path", endpoint.path), ("query", endpoint.query), ("headers", endpoint.headers)):
        yield from _names(node, f"{where}.{part}")
    yield from _names(endpoint.body, f"{where}.body")


def _names(node: object, where: str) -> Iterable[str]:
    if isinstance(node, str):
        for name in _PLACEHOLDER.findall(node):
            if name not in _NAMES and name not in _REQUEST and not re.fullmatch(r"value:.+", name):
                raise ManifestError(f"{where}: {{{name}}} is no placeholder. Take one of adapters.manifest.Endpoint.")
            yield name
    elif isinstance(node, Mapping):
        for key, item in node.items():
            yield from _names(item, f"{where}.{key}")
    elif isinstance(node, list | tuple):
        for index, item in enumerate(node):
            yield from _names(item, f"{where}.{index}")
