"""Imitation agencies: synthetic people in real servers over real databases."""
