"""Training in several processes: ranks and messages."""
