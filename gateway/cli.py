"""The command `yiti`."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Final

from adapters.manifest import ManifestError
from gateway.audit.looking import add_looking
from gateway.audit.verbs import add_audit
from gateway.authorization.policy_set import PolicyError
from gateway.errors import GatewayError
from gateway.identity.store import IndexUnreadable
from gateway.keys import KeyFileError
from gateway.policy.cli import add_policy
from gateway.policy.errors import PolicyToolError
from gateway.registers.file import RegistersDamaged
from gateway.settings import Settings, SettingsError, load, reference, table
from schema.enums import Purpose

FAULTY: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130


class UsageError(Exception):
    """A command that cannot be run like this: says why and the fix."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 something was found wrong, 2 it could not be started."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    try:
        return command(chosen)
    except (
        SettingsError,
        ManifestError,
        PolicyError,
        PolicyToolError,
        KeyFileError,
        IndexUnreadable,
        RegistersDamaged,
        GatewayError,
        UsageError,
    ) as err:
        for line in str(err).splitlines():
            print(f"yiti: {line}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        # What read our output went away, which is no error of ours; what is left unsaid goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yiti",
        description="Yiti (一体): one graph over the agencies of drug rehabilitation.",
        epilog="Settings come from environment variables: see `yiti settings --reference`.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start this gateway", description="Start this gateway.")
    serve.add_argument("--host", help="address to listen on, before YITI_HOST")
    serve.add_argument("--port", type=int, help="port to listen on, before YITI_PORT")
    serve.set_defaults(command=_serve)

    token = commands.add_parser(
        "token",
        help="print an imitation viewer's access token (demo mode only)",
        description="Print an access token of an imitation viewer. In demo mode only: in production viewers get "
        "their tokens from the issuers named in YITI_ISSUERS.",
    )
    token.add_argument("profile", nargs="?", help="which imitation viewer; without it, all are listed")
    token.add_argument("--purpose", help="purpose of use, before the profile's own, such as AFTERCARE")
    token.set_defaults(command=_token)

    schema = commands.add_parser("schema", help="print the graph in SDL", description="Print the graph in SDL.")
    schema.add_argument("--check", action="store_true", help="compare with schema/unified.graphql instead")
    schema.set_defaults(command=_schema)

    documents = commands.add_parser(
        "documents",
        help="print the registry of trusted documents",
        description="Print the registry of the operations in GraphQL files, for YITI_TRUSTED_DOCUMENTS. Each is held "
        "to the graph and to the limits of the settings' defaults.",
    )
    documents.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file of GraphQL operations")
    documents.set_defaults(command=_documents)

    settings = commands.add_parser(
        "settings", help="print the settings", description="Print every setting with its value; secrets stay hidden."
    )
    settings.add_argument("--reference", action="store_true", help="print what each setting means instead")
    settings.set_defaults(command=_settings)

    adapter = commands.add_parser("adapter", help="try out a source's manifest")
    steps = adapter.add_subparsers(title="commands", required=True, metavar="COMMAND")
    check = steps.add_parser(
        "check", help="hold a source to the adapter contract", description="Hold a source to the adapter contract."
    )
    check.add_argument("file", type=Path, help="the manifest, an adapter.yaml")
    check.add_argument(
        "--key", action="append", default=[], help="a person's key to try, where the source lists nobody; repeatable"
    )
    check.set_defaults(command=_adapter_check)

    add_policy(commands)

    add_looking(add_audit(commands))

    demo = commands.add_parser(
        "demo",
        help="start imitation agencies and two gateways, and walk through them",
        description="Start imitation agencies and two provinces' gateways on this machine, and walk through them.",
    )
    demo.add_argument("--once", action="store_true", help="exit after the tour instead of staying up")
    demo.set_defaults(command=_demo)
    return parser


def run_loop(main: Coroutine[object, object, int]) -> int:
    """Run on uvloop where it is to be had, which spends half as much on each connection."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)


def _serve(chosen: argparse.Namespace) -> int:
    from gateway.logs import set_up
    from gateway.serving import serve

    given = {name: value for name in ("host", "port") if (value := getattr(chosen, name)) is not None}
    settings = load(**given)
    set_up(settings.log_level)
    return run_loop(serve(settings))


def _schema(chosen: argparse.Namespace) -> int:
    from schema.build import SDL_FILE, sdl

    printed = sdl()
    if not chosen.check:
        print(printed, end="")
        return 0
    kept = SDL_FILE.read_text(encoding="utf-8") if SDL_FILE.exists() else ""
    if printed == kept:
        return 0
    before, after = kept.splitlines(keepends=True), printed.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, "schema/unified.graphql", "printed now"))
    print("yiti: the graph differs. If it is meant: yiti schema > schema/unified.graphql", file=sys.stderr)
    return FAULTY


def _documents(chosen: argparse.Namespace) -> int:
    from gateway.execution.document import Documents, RegistryError, register
    from schema.build import build

    try:
        found = register(chosen.files, Documents(build()._schema))
    except RegistryError as err:
        raise UsageError(f"documents: {err}") from err
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0


def _settings(chosen: argparse.Namespace) -> int:
    print(reference() if chosen.reference else table(load()) + "\n", end="")
    return 0


def _token(chosen: argparse.Namespace) -> int:
    from gateway.demo_viewers import development_issuer, read_viewers

    settings = _demo_settings()
    viewers = (
        {viewer.profile: viewer for viewer in read_viewers(settings.demo_viewers)} if settings.demo_viewers else {}
    )
    if chosen.profile is None:
        for name, viewer in viewers.items():
            print(f"{name:<24} {viewer.purpose:<16} {viewer.title}")
        return 0
    if chosen.profile not in viewers:
        known = ", ".join(viewers) or "none: name a list of them in YITI_DEMO_VIEWERS"
        raise UsageError(f"token: no imitation viewer of that name. There are: {known}.")
    if chosen.purpose is not None and chosen.purpose not in Purpose.__members__:
        raise UsageError(f"token: --purpose: unknown word. Use one of {', '.join(Purpose.__members__)}.")
    print(viewers[chosen.profile].token(development_issuer(settings), chosen.purpose))
    return 0


def _demo_settings() -> Settings:
    settings = load()
    if not settings.demo:
        raise UsageError(
            "token: imitation viewers exist in demo mode only. Set YITI_MODE=demo, or ask an issuer for a token."
        )
    return settings


def _adapter_check(chosen: argparse.Namespace) -> int:
    from gateway.adapter_check import check_manifest

    return asyncio.run(check_manifest(chosen.file, chosen.key))


def _demo(chosen: argparse.Namespace) -> int:
    # Imitations know nothing of the gateway, nor it of them: the tour takes our place and starts us as anybody would.
    command = [sys.executable, "-m", "mocks.tour", *(["--once"] if chosen.once else [])]
    os.execv(sys.executable, command)  # noqa: S606 - our own module; signals reach it, as nobody stands between
