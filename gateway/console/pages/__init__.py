"""The pages behind the door, a module each."""
