"""Settings as files: a format is one file here, and one line in `formats`."""
