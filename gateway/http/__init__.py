"""GraphQL over HTTP, and the pages that go with it."""

from gateway.http.application import Application

__all__ = ["Application"]
