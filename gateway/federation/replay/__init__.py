"""Statements of other gateways are good for once: where the used ones are remembered until they end.

memory.py   in this process; a restart forgets
sqlite.py   in a file of the state folder; survives a restart
redis.py    in Redis; for replicas that share one name
"""
