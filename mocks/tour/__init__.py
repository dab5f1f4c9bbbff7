"""The demo: a tour through two provinces in the terminal."""

from mocks.tour.run import main

__all__ = ["main"]
