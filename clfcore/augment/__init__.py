"""Data augmentation: policies as data, random numbers as one table an epoch, batches changed on their device."""
