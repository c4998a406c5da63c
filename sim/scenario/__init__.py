"""Scenarios as data: which cars come, who does what and when, and what must have become of it."""

from sim.scenario.acts import Act, Do, When
from sim.scenario.expect import Expect, ExpectOrder, Reaction
from sim.scenario.load import FOLDER, CarSpec, Named, Scenario, load_scenario, runs_of, scenario_names

__all__ = [
    "FOLDER",
    "Act",
    "CarSpec",
    "Do",
    "Expect",
    "ExpectOrder",
    "Named",
    "Reaction",
    "Scenario",
    "When",
    "load_scenario",
    "runs_of",
    "scenario_names",
]
