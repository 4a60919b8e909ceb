"""Photos that pages are given: those of the tab, samples, and whether one is unlike the training images."""
