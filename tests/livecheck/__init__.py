"""The live check of the guide."""
