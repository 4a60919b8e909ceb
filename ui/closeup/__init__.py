"""Any picture of a page to full size: cards that open, and the dialog that they open."""
