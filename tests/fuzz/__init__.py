"""Every reader of foreign bytes against bytes that nobody thought of: `targets` names them, `judge` watches, the package itself hunts."""
