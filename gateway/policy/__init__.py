"""Tools for those who write, read and answer for the policies: check, explain, diff, matrix, reload."""
