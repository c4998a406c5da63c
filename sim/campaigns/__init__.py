"""The joining place: the production controller and the simulated station together, in virtual time or on wires."""
