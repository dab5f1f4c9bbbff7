"""Published code tables: GB/T 2260 regions with dates and successors, GB 11643 numbers, 2261, 3304, 4658."""
