"""Faults of a simulated station by name: the catalogue, and the one way to inject and to clear them."""

from sim.faults.catalogue import CATALOGUE
from sim.faults.inject import clear, describe, inject
from sim.faults.kinds import FaultError, FaultKind, Parameter, Rig

__all__ = ["CATALOGUE", "FaultError", "FaultKind", "Parameter", "Rig", "clear", "describe", "inject"]
