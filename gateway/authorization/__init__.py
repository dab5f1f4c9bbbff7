"""Who may see what: Cedar policies over labels, facts, masks."""
