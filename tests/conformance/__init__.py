"""Systems that nobody here wrote, wrapped by manifest alone."""
