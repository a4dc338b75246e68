"""Other people's parsers, as mail programs have them: each reads what its library reads, and trips where that trips."""
