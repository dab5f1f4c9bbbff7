"""The rules themselves, as Cedar text: one file per side of the table, and the groups that they speak of."""
