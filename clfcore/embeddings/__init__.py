"""Embeddings of a frozen network, kept on disk, and what is computed from them."""
