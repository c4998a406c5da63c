"""Configuration: models of all files, the loader that reports every mistake at once, and the loaded station."""
