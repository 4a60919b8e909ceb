"""Folder, zip and CSV manifest -> ImageDataset. No picture is decoded and no original is changed here."""
