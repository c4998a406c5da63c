"""Words and frames to readings and back: pure, driven by device files."""
