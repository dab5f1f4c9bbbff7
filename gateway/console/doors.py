"""The ways in: an identity provider, or the demo's personas."""

from __future__ import annotations

from gateway.console.personas import Personas
from gateway.console.provider import Provider

Door = Personas | Provider
