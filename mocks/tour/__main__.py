"""`python -m mocks.tour [--once]`."""

from __future__ import annotations

import argparse

from mocks.tour import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="yiti demo", description="A tour through two provinces in the terminal.")
    parser.add_argument("--once", action="store_true", help="end after the tour instead of staying up")
    raise SystemExit(main(parser.parse_args().once))
