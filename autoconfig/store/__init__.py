"""Where settings live: the exchange of files, the database that writers share, and the snapshot that the web reads."""
