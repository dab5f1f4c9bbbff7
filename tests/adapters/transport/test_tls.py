"""TLS with authorities of the moment: who is believed, who is not, and the certificate that ours shows."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.contract import Unavailable
from adapters.drivers import open_adapter
from adapters.drivers.http import HttpClient, Request
from adapters.drivers.transport import TransportName
from adapters.manifest import ManifestError, Tls
from tests.adapters.over_http.loopback import a_manifest
from tests.adapters.transport.peer import OK, obliging, own, says, serving, stats, take

LENGTHLESS = b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nabc"


class Authority:
    """A throw-away authority in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {folder.name}")])
        own_certificate = self._certify(self._name, self._key.public_key(), x509.BasicConstraints(True, None))
        self.file = self._write("ca", own_certificate)

    def issue(self, name: str, password: bytes | None = None) -> Path:
        """A certificate and its key in one file, for that name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            subject: x509.GeneralName = x509.IPAddress(ip_address(name))
        except ValueError:
            subject = x509.DNSName(name)
        certificate = self._certify(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")]),
            key.public_key(),
            x509.SubjectAlternativeName([subject]),
        )
        hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        return self._write(name, certificate, pem)

    def _certify(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate, key: bytes = b"") -> Path:
        path = self._folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key)
        return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "theirs")


def of_server(certificate: Path, asks_for: Authority | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if asks_for is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(asks_for.file)
    return context


def of_client(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


@pytest.fixture
def server(authority: Authority) -> ssl.SSLContext:
    return of_server(authority.issue("127.0.0.1"))


async def test_a_known_authority_is_believed_and_its_connection_kept(
    authority: Authority, server: ssl.SSLContext
) -> None:
    async with serving(obliging(), server) as served, own(of_client(authority)) as client:
        for _ in range(5):
            assert (await client.get(served.url)).content == b"ok"
        assert (stats(client).opened, stats(client).reused) == (1, 4)
        await client._transport.aclose()
        await served.ended.get()


async def test_a_large_body_comes_through_tls(authority: Authority, server: ssl.SSLContext) -> None:
    body = bytes(range(256)) * 8_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with serving(obliging(answer), server) as served, own(of_client(authority)) as client:
        for _ in range(2):
            async with client.stream("GET", served.url) as response:
                for _ in range(50):
                    await asyncio.sleep(0)
                assert await response.aread() == body
        assert stats(client).opened == 1


async def test_an_unknown_authority_is_a_connect_error(server: ssl.SSLContext, stranger: Authority) -> None:
    async with serving(obliging(), server) as served, own(of_client(stranger)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(served.url)
        assert stats(client).in_use == 0
        with pytest.raises(httpx.ConnectError):
            await client.get(served.url)


async def test_the_machines_authorities_are_the_default(server: ssl.SSLContext) -> None:
    async with serving(obliging(), server) as served, own() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(served.url)


async def test_a_certificate_for_another_name_is_a_connect_error(authority: Authority) -> None:
    context = of_server(authority.issue("other.example"))
    async with serving(obliging(), context) as served, own(of_client(authority)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(served.url)


async def test_a_server_that_speaks_no_tls_is_a_connect_error(authority: Authority) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)

    async with serving(plain) as served, own(of_client(authority)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(served.url.replace("http:", "https:"))


async def test_a_body_until_the_end_is_whole_when_tls_says_so(authority: Authority, server: ssl.SSLContext) -> None:
    async with serving(says(LENGTHLESS), server) as served, own(of_client(authority)) as client:
        assert (await client.get(served.url)).content == b"abc"


async def test_a_body_until_the_end_may_be_cut_when_tls_does_not_say_so(
    authority: Authority, server: ssl.SSLContext
) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(LENGTHLESS)
        number = writer.get_extra_info("socket").fileno()
        with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as below:
            below.shutdown(socket.SHUT_WR)  # the network's end without TLS's own
        await reader.read()

    async with serving(cut, server) as served, own(of_client(authority)) as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):  # as the event loop tells it
            await client.get(served.url)


def http_client(url: str, transport: TransportName = "own", **files: str) -> HttpClient:
    return HttpClient(
        url,
        source="js-test",
        timeout=timedelta(seconds=10),
        concurrency=2,
        max_bytes=1_000,
        tls=Tls(**files),
        transport=transport,
    )


@pytest.mark.parametrize("transport", ["own", "httpx", "aiohttp"])
async def test_a_source_is_shown_the_certificate_that_its_manifest_names(
    authority: Authority, stranger: Authority, transport: TransportName
) -> None:
    if transport == "aiohttp":
        pytest.importorskip("httpx_aiohttp", reason="the extra aiohttp is not installed")
    asking = of_server(authority.issue("127.0.0.1"), asks_for=stranger)
    async with serving(obliging(), asking) as served:
        shown = http_client(
            served.url, transport, ca=str(authority.file), certificate=str(stranger.issue("us.example"))
        )
        assert (await shown.send(Request("x"))).content == b"ok"
        await shown.aclose()
        nothing = http_client(served.url, transport, ca=str(authority.file))
        with pytest.raises(Unavailable):
            await nothing.send(Request("x"))
        await nothing.aclose()


def test_files_that_cannot_be_used_stop_the_start(authority: Authority, tmp_path: Path) -> None:
    for files in (
        {"ca": str(tmp_path / "none.pem")},
        {"certificate": str(tmp_path / "none.pem")},
        {"certificate": str(authority.file)},
        {"certificate": str(authority.issue("locked.example", password=b"locked"))},
    ):
        (place,) = files
        with pytest.raises(ManifestError, match=f"source.tls.{place}"):
            http_client("https://source.example", **files)


@pytest.mark.parametrize("after", range(0, 40, 2))
async def test_a_call_given_up_at_any_step_leaves_nothing(
    authority: Authority, server: ssl.SSLContext, after: int
) -> None:
    async with serving(obliging(), server) as served, own(of_client(authority), connections=1) as client:
        call = asyncio.create_task(client.get(served.url))
        for _ in range(after):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert stats(client).in_use == 0
        assert (await client.get(served.url)).content == b"ok"
    gc.collect()  # whatever is left would complain now, and complaints are errors here


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "rest", "base_url": "https://source.example/"},
        {"kind": "soap", "base_url": "https://source.example/"},
        {"kind": "subgraph", "url": "https://source.example/graphql", "audience": "peer"},
    ],
)
def test_every_kind_of_source_over_http_takes_its_files_from_the_manifest(
    source: dict[str, str], tmp_path: Path
) -> None:
    manifest = a_manifest({**source, "tls": {"ca": str(tmp_path / "none.pem")}}, {})
    with pytest.raises(ManifestError, match=r"js-test: source\.tls\.ca: cannot be used \(FileNotFoundError\)"):
        open_adapter(manifest)
