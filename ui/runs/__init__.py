"""What several pages offer for a run."""
