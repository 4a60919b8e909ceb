"""Embeddings of a frozen network, cached on disk, and what is computed from them."""
