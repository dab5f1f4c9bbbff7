"""GNU Health as a source: a hospital system of another project, made and filled by its own tools."""
