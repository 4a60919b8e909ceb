"""Formats that other tools write and read: COCO, a tree of class folders, Label Studio, Hugging Face, WebDataset."""
