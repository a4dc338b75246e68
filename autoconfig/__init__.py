"""Account set-up service and diagnostics for e-mail."""
