"""Whom calls over TLS trust, and which certificate they show."""

from __future__ import annotations

import ssl
from functools import cache

from adapters.manifest import ManifestError, Tls


def tls_context(source: str, tls: Tls | None) -> ssl.SSLContext:
    """As a manifest says; without a word, the machine's own certificate store. Raises ManifestError."""
    return _of_the_machine() if tls is None else _own(source, tls)


@cache
def _of_the_machine() -> ssl.SSLContext:
    """Agencies' networks have their own authorities."""
    return ssl.create_default_context()


def _own(source: str, tls: Tls) -> ssl.SSLContext:
    where = "ca"
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            where = "certificate"
            context.load_cert_chain(tls.certificate, tls.key, password="")  # never ask at the terminal
    except OSError as err:  # ssl's errors are some, too
        raise ManifestError(
            f"{source}: source.tls.{where}: cannot be used ({type(err).__name__}). "
            "Name readable PEM files; the key must be the certificate's and without a password."
        ) from err
    return context
