"""`python -m gateway` is `yiti`."""

from gateway.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
