"""Judges: one file per subject. `gather` asks the world and brings facts home; `judge` is pure, and says what the facts mean."""
