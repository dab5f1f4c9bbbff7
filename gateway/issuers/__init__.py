"""Those whose tokens are believed: whose keys, by which algorithms, for which agencies, roles and purposes."""
