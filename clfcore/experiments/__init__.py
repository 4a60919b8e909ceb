"""What is tried before a run is launched, or over several runs."""
