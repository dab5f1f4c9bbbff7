"""What the gateway keeps itself besides the access log: consents, and emergency accesses with their reviews."""
