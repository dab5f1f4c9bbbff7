"""Jiangsu's agencies, as imitation systems."""
