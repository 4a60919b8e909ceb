"""Data in remote storage: what is listed at an address, and the copy of it on this machine."""
