"""Set-up guides: what a person reads and enters, for one mail program, in one language. Pure: no Flask, no network, no store."""
