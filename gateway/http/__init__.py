"""GraphQL over HTTP, and the pages that go with it."""
