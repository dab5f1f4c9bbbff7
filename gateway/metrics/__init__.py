"""Figures for operators: counted in plain integers as requests go by, written out when somebody scrapes them."""

from gateway.metrics.counts import Counts

__all__ = ["Counts"]
