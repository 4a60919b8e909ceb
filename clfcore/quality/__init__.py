"""Data quality: label errors, near-duplicates, outliers and poor images, found on embeddings."""
