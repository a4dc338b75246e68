"""Hunt for bytes that a reader does not stand: python -m tests.fuzz [--seconds N] [TARGET ...]."""
