"""The joining place: runs the production controller and the simulated station together, in virtual time or on the wire."""
