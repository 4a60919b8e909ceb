"""A person's own datasets: what was imported, or opened by its path, under names of its own."""
