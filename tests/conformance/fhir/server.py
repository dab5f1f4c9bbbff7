"""A small FHIR server on the loopback: REST search Bundles over resources as they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.conformance.fhir.examples import Resource

Resources = Mapping[str, Sequence[Resource]]


@contextmanager
def serving(resources: Resources) -> Iterator[str]:
    """The server's address for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = _answer(resources, f"http://{self.headers['host']}", self.path)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/fhir+json; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(resources: Resources, host: str, target: str) -> tuple[int, Resource]:
    address = urlsplit(target)
    kind = address.path.removeprefix("/fhir/")
    if kind == "metadata":
        return 200, {"resourceType": "CapabilityStatement", "status": "active", "fhirVersion": "4.0.1"}
    if kind not in resources:
        return 404, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    start, size = int(query.pop("_offset", "0")), int(query.pop("_count", "50"))
    found = [one for one in resources[kind] if all(_meets(one, name, value) for name, value in query.items())]
    entries = [{"fullUrl": f"{host}/fhir/{kind}/{one['id']}", "resource": one} for one in found[start : start + size]]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    if start + size < len(found):
        following = urlencode({**query, "_count": size, "_offset": start + size})
        bundle["link"] = [{"relation": "next", "url": f"{host}/fhir/{kind}?{following}"}]
    return 200, bundle


def _meets(resource: Resource, name: str, value: str) -> bool:
    wanted = value.split(",")
    return any(one in wanted or one.rpartition("|")[2] in wanted for one in _tokens(resource, name))


def _tokens(resource: Resource, name: str) -> list[str]:
    """What of a resource a search parameter looks at; a parameter without meaning here finds nothing."""
    match name:
        case "_id":
            return [str(resource["id"])]
        case "patient":
            reference = str((resource.get("subject") or {}).get("reference", ""))
            return [reference.removeprefix("Patient/")] if reference.startswith("Patient/") else []
        case "identifier":
            return [str(one.get("value")) for one in resource.get("identifier", ())]
        case "code":
            return [str(one.get("code")) for one in (resource.get("code") or {}).get("coding", ())]
    return []
