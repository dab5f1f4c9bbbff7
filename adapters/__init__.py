"""How an agency's system is read: contract, manifest, decoding and drivers."""
