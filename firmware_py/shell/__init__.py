"""The shell around the pure core: events in, effects out. All waiting, all clocks and all I/O are here."""
