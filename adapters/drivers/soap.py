"""The `soap` driver: SOAP 1.1 or bare XML over HTTP, by a manifest's endpoints and XPath.

A path of plain names (`人员/身份证号`, `a/b/@c`) goes by local names, whatever the namespaces: below the row for
fields, anywhere below the answer for rows, error rules, cursors and totals. Anything else is XPath 1.0, with the
prefixes `s` (SOAP envelope) and `tns` (the source's namespace). The document is the child of the SOAP Body, or the
root of bare XML; `rows: "@"` is the document itself. An envelope's `data` is an element that holds XML as text.
In a body, `tns:name` puts an element into the source's namespace; a list repeats its element.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from lxml import etree

from adapters.contract import AdapterError, Invalid, Malformed, Unavailable
from adapters.decode import decode_bytes
from adapters.drivers.endpoints import EndpointAdapter
from adapters.drivers.http import Answer, HttpClient, Request, secret_headers
from adapters.drivers.template import Scope, Template
from adapters.drivers.transport import TransportName
from adapters.drivers.wire import AtOnce, Sought
from adapters.manifest import Endpoint, Manifest, ManifestError, SoapSource

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_PLAIN: Final = re.compile(r"[^\W\d][\w.-]*(/[^\W\d][\w.-]*)*(/@[^\W\d][\w.-]*)?|@[^\W\d][\w.-]*")
_DECLARATION: Final = re.compile(r"^\s*<\?xml\b[^>]*\?>")

Path = Callable[[etree._Element], object]


class SoapAdapter(EndpointAdapter):
    """An XML system as its manifest declares it."""

    def __init__(self, manifest: Manifest, transport: TransportName = "own") -> None:
        source = manifest.source
        if not isinstance(source, SoapSource):
            raise ManifestError(f"{manifest.id}: source.kind: is not soap. Choose the driver that it names.")
        _refuse_json_envelopes(manifest)
        client = HttpClient(
            source.base_url,
            source=manifest.id,
            timeout=source.timeout,
            concurrency=source.concurrency,
            max_bytes=source.max_bytes,
            headers={"accept": "text/xml", **source.headers, **secret_headers(manifest.id, source.auth)},
            tls=source.tls,
            transport=transport,
        )
        super().__init__(manifest, XmlWire(manifest.id, source), client, source.health)


class XmlWire:
    """XML documents; a row is an element."""

    body_only = True

    def __init__(self, name: str, source: SoapSource) -> None:
        self._name = name
        self._source = source
        self._prefixes = {"s": _SOAP, **({"tns": source.namespace} if source.namespace else {})}
        self._below: dict[str, Path] = {}
        self._within: dict[str, Path] = {}

    def check(self, path: str, role: Literal["rows", "row", "answer"]) -> None:
        """Compile a path once; ValueError says what is wrong with it."""
        compiled = self._below if role == "row" else self._within
        try:
            # a smart string would keep the whole document alive
            compiled[path] = found = etree.XPath(
                _local_names(path, within=role != "row"), namespaces=self._prefixes, smart_strings=False
            )
            found(etree.Element("trial"))  # an unknown prefix or function shows only then
        except etree.XPathError as err:
            raise ValueError(f"{path}: {err}") from err

    def request(self, template: Template, scope: Scope) -> Request:
        """A POST of the operation with its parameters, in the encoding and under the label that is expected."""
        endpoint = template.endpoint
        operation = self._operation(endpoint, template.body(scope) or {})
        label = self._source.declared
        text = f'<?xml version="1.0" encoding="{label}"?>' + etree.tostring(operation, encoding="unicode")
        headers = {"content-type": f"text/xml; charset={label}", **template.headers(scope)}
        if self._source.envelope == "soap11":
            headers = {"soapaction": f'"{endpoint.action or ""}"', **headers}
        content = text.encode(self._source.encoding, "xmlcharrefreplace")
        return Request(template.target(scope), "POST", headers, content)

    def parse(self, answer: Answer) -> etree._Element:
        """The document; a foreign content type, a DTD or ill-formed XML is Malformed."""
        kind = answer.media_type
        if kind and kind not in ("text/plain", "text/xml", "application/xml") and not kind.endswith("+xml"):
            raise Malformed(f"{self._name}: answered with another content type than XML")
        root = self._parsed(decode_bytes(answer.content, self._source.encoding))
        if self._source.envelope == "none":
            return root
        body = root.find(f"{{{_SOAP}}}Body")
        content = next(iter(body), None) if body is not None else None
        if content is None:
            raise Malformed(f"{self._name}: the answer has no SOAP body")
        return content

    def fault(self, document: object) -> AdapterError | None:
        """A SOAP Fault that no rule explains: the caller's is Invalid, the server's Unavailable, others Malformed."""
        if not isinstance(document, etree._Element) or document.tag != f"{{{_SOAP}}}Fault":
            return None
        code = (document.findtext("faultcode") or "").rpartition(":")[2].partition(".")[0].strip()
        if code == "Client":
            return Invalid(f"{self._name}: answered with a SOAP Fault (Client)")
        if code == "Server":
            return Unavailable(f"{self._name}: answered with a SOAP Fault (Server)")
        return Malformed(f"{self._name}: answered with a SOAP Fault")

    def payload(self, document: object, endpoint: Endpoint) -> object:
        """The document, or the one that an element of it holds as text or as its only child."""
        if endpoint.envelope is None:
            return document
        found = _evaluated(self._within[endpoint.envelope.data], document)
        holder = found[0] if isinstance(found, list) and found else None
        if not isinstance(holder, etree._Element):
            return None
        if len(holder):
            return holder
        text = (holder.text or "").strip()
        return self._parsed(text) if text else None

    def rows(self, payload: object, path: str) -> Sequence[object]:
        """The elements at the path."""
        found = _evaluated(self._within[path], payload)
        if not isinstance(found, list):
            raise Malformed(f"{self._name}: the rows are not where the manifest says")
        return found

    def fingerprint(self, rows: Sequence[object]) -> str:
        """Of the first and the last row."""
        ends = [etree.tostring(row) if isinstance(row, etree._Element) else b"" for row in (rows[0], rows[-1])]
        return f"{zlib.crc32(b' '.join(ends)):08x}"

    def is_row(self, row: object) -> bool:
        """Whether it is an element."""
        return isinstance(row, etree._Element)

    def sought(self, paths: Sequence[str]) -> Sought:
        """The text at each path of a row, a list where there are several."""
        searches = [self._below[path] for path in paths]
        return lambda rows: [tuple(_scalar(_evaluated(search, row)) for search in searches) for row in rows]

    def at_once(self, places: Sequence[tuple[Endpoint, Sequence[str]]]) -> AtOnce | None:  # noqa: ARG002 - as JSON's
        """XML is always parsed."""
        return None

    def find(self, document: object, path: str) -> object:
        """The first text at a path anywhere below the document."""
        found = _scalar(_evaluated(self._within[path], document))
        return found[0] if isinstance(found, list) else found

    def _operation(self, endpoint: Endpoint, parameters: Mapping[str, object]) -> etree._Element:
        name = endpoint.operation or "request"
        if self._source.envelope == "none":
            root = etree.Element(self._tag(f"tns:{name}"))
            self._fill(root, parameters)
            return root
        envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soapenv": _SOAP})
        body = etree.SubElement(envelope, f"{{{_SOAP}}}Body")
        nsmap = {"tns": self._source.namespace} if self._source.namespace else None
        self._fill(etree.SubElement(body, self._tag(f"tns:{name}"), nsmap=nsmap), parameters)
        return envelope

    def _fill(self, parent: etree._Element, parameters: Mapping[str, object]) -> None:
        for name, value in parameters.items():
            for item in value if isinstance(value, list) else [value]:
                child = etree.SubElement(parent, self._tag(name))
                if isinstance(item, Mapping):
                    self._fill(child, item)
                    continue
                try:
                    child.text = None if item is None else str(item)
                except ValueError:
                    # lxml's message is kept out: it may quote the value
                    raise Invalid(f"{self._name}: a value holds what XML cannot carry; nothing was sent") from None

    def _tag(self, name: str) -> str:
        if not name.startswith("tns:"):
            return name
        local = name.removeprefix("tns:")
        return f"{{{self._source.namespace}}}{local}" if self._source.namespace else local

    def _parsed(self, text: str) -> etree._Element:
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Malformed(f"{self._name}: the answer declares a document type, which is never read")
        parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            return etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
        except (etree.XMLSyntaxError, ValueError):
            raise Malformed(f"{self._name}: the answer is not well-formed XML") from None  # the cause quotes it


def _refuse_json_envelopes(manifest: Manifest) -> None:
    for entity in manifest.entities:
        for dataset in manifest.datasets(entity):
            for endpoint in (dataset.keys, dataset.fetch, dataset.related, dataset.search):
                if endpoint is not None and endpoint.envelope is not None and endpoint.envelope.encoding != "none":
                    raise ManifestError(
                        f"{manifest.id}: entities.{entity}: envelope.encoding: XML holds no JSON. Leave it out."
                    )


def _local_names(path: str, *, within: bool) -> str:
    if path == "@":
        return "."
    if not _PLAIN.fullmatch(path):
        return path
    steps = [step if step.startswith("@") else f"*[local-name()='{step}']" for step in path.split("/")]
    return ("descendant-or-self::" if within and not steps[0].startswith("@") else "") + "/".join(steps)


def _evaluated(path: Path, node: object) -> object:
    if not isinstance(node, etree._Element):
        return None
    try:
        return path(node)
    except etree.XPathError:
        return None


def _scalar(found: object) -> object:
    if not isinstance(found, list):
        return found
    texts = [_text(item) for item in found]
    return texts[0] if len(texts) == 1 else texts or None


def _text(item: object) -> str | None:
    if not isinstance(item, etree._Element):
        return None if item is None else str(item)
    if item.get(_NIL) in ("true", "1"):
        return None
    return "".join(str(piece) for piece in item.itertext())
