"""A report as others want to read it: one file for each form."""
