"""Between provinces: tokens for peers, the locator."""
