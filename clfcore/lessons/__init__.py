"""Lessons: eight experiments of image classification that run on the reader's own machine."""
