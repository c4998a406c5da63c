"""The station's disk: what SQLite asks of it, recorded, failed or stalled on demand, and cut off in mid-operation."""
