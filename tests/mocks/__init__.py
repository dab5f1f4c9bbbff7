"""Tests of the imitation agencies."""
