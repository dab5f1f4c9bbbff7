"""What can be asked: the types of the unified graph and the words they share with the adapters."""
