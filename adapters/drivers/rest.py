"""The `rest` driver: JSON over HTTP, read by a manifest's endpoints and JMESPath.

A path is JMESPath with one function more, `after(text, separator)`: what follows the last separator, as in
`after(subject.reference, '/')`. A plain name may be Chinese without quotes. Where paging by `cursor` has no
`{cursor}` in the endpoint, the cursor is a link to the next page (a FHIR Bundle's `next`), followed only below
the base address.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, Literal, NoReturn

import jmespath
import orjson
from jmespath import exceptions, functions

from adapters.contract import AdapterError, Malformed
from adapters.drivers.endpoints import EndpointAdapter
from adapters.drivers.http import Answer, HttpClient, Request, secret_headers
from adapters.drivers.template import Scope, Template
from adapters.drivers.transport import TransportName
from adapters.drivers.typed import typed_reader
from adapters.drivers.wire import AtOnce, Sought
from adapters.manifest import Endpoint, Manifest, ManifestError, RestSource
from adapters.rows import Raws

_NAME: Final = re.compile(r"[^\W\d]\w*")
_NAMES: Final = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*")
_NESTED: Final = re.compile(rf"({_NAMES.pattern})?(\[\](\.{_NAMES.pattern})?)+")
_UTF_8: Final = frozenset({"utf-8", "utf8", "utf-8-sig"})
_DIGITS: Final = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER: Final = b"0" * 19
_DOUBLE_BYTE: Final = frozenset({"gb2312", "gbk", "gb18030", "cp936", "x-gbk"})


class RestAdapter(EndpointAdapter):
    """A JSON system as its manifest declares it."""

    def __init__(self, manifest: Manifest, transport: TransportName = "own") -> None:
        source = manifest.source
        if not isinstance(source, RestSource):
            raise ManifestError(f"{manifest.id}: source.kind: is not rest. Choose the driver that it names.")
        client = HttpClient(
            source.base_url,
            source=manifest.id,
            timeout=source.timeout,
            concurrency=source.concurrency,
            max_bytes=source.max_bytes,
            headers={"accept": "application/json", **source.headers, **secret_headers(manifest.id, source.auth)},
            tls=source.tls,
            transport=transport,
        )
        super().__init__(manifest, JsonWire(manifest.id, source.encoding), client, source.health)


class JsonWire:
    """JSON documents; a row is an object."""

    body_only = False

    def __init__(self, source: str, encoding: str | None) -> None:
        self._source = source
        self._encoding = encoding
        self._paths: dict[str, Callable[[object], object]] = {}

    def check(self, path: str, role: Literal["rows", "row", "answer"]) -> None:  # noqa: ARG002 - JSON has one kind of path
        """Compile a path once; ValueError says what is wrong with it."""
        self._paths[path] = _compiled(path)

    def request(self, template: Template, scope: Scope) -> Request:
        """Method, address and a JSON body where there is one."""
        headers = template.headers(scope)
        body = template.body(scope)
        if body is None:
            return Request(template.target(scope), template.endpoint.method, headers)
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8", **headers}
        return Request(template.target(scope), template.endpoint.method, headers, content)

    def parse(self, answer: Answer) -> object:
        """An object or a list; anything else, in another type or encoding, is Malformed."""
        if not _may_be_json(answer.media_type):
            raise Malformed(f"{self._source}: answered with another content type than JSON")
        document = self._loaded(answer.content, self._encoding or answer.charset)
        if not isinstance(document, dict | list):
            raise Malformed(f"{self._source}: answered with neither a JSON object nor a list")
        return document

    def fault(self, document: object) -> AdapterError | None:  # noqa: ARG002 - JSON itself has no way to say so
        """JSON itself expresses no failure."""
        return None

    def payload(self, document: object, endpoint: Endpoint) -> object:
        """What the envelope wraps, base64 undone where the manifest says so."""
        if endpoint.envelope is None:
            return document
        data = self.find(document, endpoint.envelope.data)
        if endpoint.envelope.encoding == "none" or data is None or data == "":
            return data or None
        try:
            content = base64.b64decode(str(data), validate=True)
        except (binascii.Error, ValueError) as err:
            raise Malformed(f"{self._source}: the envelope's data is not base64") from err
        return self._loaded(content, self._encoding)

    def rows(self, payload: object, path: str) -> Sequence[object]:
        """A list as it is, an object as the only row, nothing as none."""
        try:
            found = self._paths[path](payload)
        except exceptions.JMESPathError as err:
            raise Malformed(f"{self._source}: the rows are not where the manifest says") from err
        if found is None:
            return ()
        if isinstance(found, dict):
            return (found,)
        if not isinstance(found, list):
            raise Malformed(f"{self._source}: the rows are neither a list nor an object")
        return found

    def fingerprint(self, rows: Sequence[object]) -> str:
        """Of the first and the last row."""
        return f"{zlib.crc32(repr((rows[0], rows[-1])).encode('utf-8', 'replace')):08x}"

    def is_row(self, row: object) -> bool:
        """Whether it is an object."""
        return isinstance(row, dict)

    def at_once(self, places: Sequence[tuple[Endpoint, Sequence[str]]]) -> AtOnce | None:
        """The raw values of all places, decoded in one go; None where a path is more than plain names."""
        if any(endpoint.pages or endpoint.envelope for endpoint, _ in places):
            return None
        read = typed_reader([(endpoint.rows, paths) for endpoint, paths in places])
        if read is None:
            return None

        def of_answer(answer: Answer) -> Sequence[Sequence[Raws]] | None:
            named = self._encoding or answer.charset or "utf-8"
            return read(answer.content) if named.lower() in _UTF_8 and _may_be_json(answer.media_type) else None

        return of_answer

    def sought(self, paths: Sequence[str]) -> Sought:
        """The raw values; None where the row's shape does not allow a path."""
        if all(_NAME.fullmatch(path) for path in paths):  # as most rows are read
            return _by_names(tuple(paths))
        searches = [self._paths[path] for path in paths]
        return lambda rows: [tuple(_found(search, row) for search in searches) for row in rows]

    def find(self, document: object, path: str) -> object:
        """A value beside the rows."""
        return _found(self._paths[path], document)

    def _loaded(self, content: bytes, encoding: str | None) -> object:
        named = (encoding or "utf-8").lower()
        if named in _UTF_8 and not _has_long_number(content):
            try:
                return orjson.loads(content)
            except orjson.JSONDecodeError:
                pass  # the standard parser takes a little more, a byte order mark for one
        named = "gb18030" if named in _DOUBLE_BYTE else "utf-8-sig" if named in _UTF_8 else named
        try:
            # the standard parser keeps the 23 digits of a key that others would round to a float
            return json.loads(content.decode(named), parse_constant=_no_number)
        except (ValueError, LookupError, RecursionError):
            raise Malformed(f"{self._source}: the answer cannot be read as JSON") from None  # the cause quotes it


def _may_be_json(media_type: str) -> bool:
    return not media_type or media_type == "text/plain" or media_type.endswith(("/json", "+json"))


def _by_names(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Sequence[Raws]]:
    if len(names) == 1:
        return lambda rows: [(row.get(names[0]),) for row in rows]
    at_once = itemgetter(*names)

    def read(rows: Sequence[Any]) -> Sequence[Raws]:
        try:
            return list(map(at_once, rows))
        except KeyError:  # a row may lack members
            return [tuple(map(row.get, names)) for row in rows]

    return read


def _has_long_number(content: bytes) -> bool:
    """Whether more digits stand together somewhere than a 64-bit integer surely holds; in a text they may."""
    return _LONG_NUMBER in content.translate(_DIGITS)


class _Functions(functions.Functions):
    """JMESPath's functions and ours."""

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_after(self, text: str, separator: str) -> str:
        return text.rpartition(separator)[2] if separator else text


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())


def _compiled(path: str) -> Callable[[object], object]:
    if _NAMES.fullmatch(path):
        return _walk(path.split("."))
    if _NESTED.fullmatch(path):
        return _flattening(path)
    try:
        parsed = jmespath.compile(path)
        parsed.search({}, options=_OPTIONS)
    except exceptions.UnknownFunctionError as err:
        raise ValueError(f"{path}: {err}") from err
    except exceptions.JMESPathTypeError:
        pass  # a function that does not take the null of an empty row is still well-formed
    except exceptions.JMESPathError as err:
        raise ValueError(f"{path}: {err}") from err
    return lambda node: parsed.search(node, options=_OPTIONS)


def _found(search: Callable[[object], object], node: object) -> object:
    try:
        return search(node)
    except exceptions.JMESPathError:
        return None


def _walk(names: Sequence[str]) -> Callable[[object], object]:
    """Plain names, which most paths are, without the interpreter."""

    def read(node: object) -> object:
        for name in names:
            if not isinstance(node, dict):
                return None
            node = node.get(name)
        return node

    return read


def _flattening(path: str) -> Callable[[object], object]:
    """Plain names and `[]`, as rows within rows are found: `[].measures[]`."""
    first, *others = (_walk([name for name in part.split(".") if name]) for part in path.split("[]"))

    def read(node: object) -> object:
        found = first(node)
        for below in others:
            if not isinstance(found, list):
                return None
            flat: list[object] = []
            for item in found:
                flat += item if isinstance(item, list) else (item,)
            found = [each for each in map(below, flat) if each is not None]
        return found

    return read


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
