"""Seeded fuzz of every codec: inputs keep CRC, length and syntax whole, so that they reach the field checks."""
