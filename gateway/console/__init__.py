"""The auditors' console at /console: pages made on the server, without JavaScript (docs/adr/, docs/console.md)."""
