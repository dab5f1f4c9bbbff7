"""Who is compared. Each answers POST /graphql on loopback with the same data."""
