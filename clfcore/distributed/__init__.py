"""Training in several processes: who this one is, and what they tell each other."""
