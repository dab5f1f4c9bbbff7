"""Zhejiang's agencies, as imitation systems."""
