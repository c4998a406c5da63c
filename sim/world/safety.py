"""Safety PLC: the latched chain, its reset button, run-enable, the dead-man, and the people in front of it."""

import math

from sim.world.clock import Clock, Part
from sim.world.plant import Plant

BUTTON_S = 0.5
"""How long a person holds the reset button down."""


class Safety(Part):
    """All times here are wire time: a faster plant does not make a safety PLC more patient."""

    def __init__(self, clock: Clock, plant: Plant) -> None:
        super().__init__(clock)
        self.estop_pressed = False
        self.guard_gate_open = False
        self.curtain_broken = False
        self.person_in_cell = False
        self.smoke = False
        self.inhibited = False
        """The PLC does not release the drives, for a reason of its own (a contactor, a module)."""
        self.maintenance_key = False
        """The key of the mode selector is turned to maintenance."""
        self.chain_ok = True
        self.run_enable = False
        self.heartbeat = 0
        self.drives_enabled = False
        self.danger_since: float | None = None
        self._dead_man_s = plant.dead_man_s
        self._beat_at = -math.inf
        self._released_at = -math.inf

    @property
    def all_good(self) -> bool:
        """Are all inputs of the chain good right now (latched or not)?"""
        bad = self.estop_pressed or self.guard_gate_open or self.curtain_broken or self.person_in_cell or self.smoke
        return not bad

    @property
    def reset_pressed(self) -> bool:
        """Is the PLC's own reset button down?"""
        return self.clock.now < self._released_at

    def look(self) -> None:
        """Judge the inputs after one of them was changed."""
        if not self.all_good:
            self.chain_ok = False
        exposed = self.person_in_cell or self.curtain_broken
        if not exposed:
            self.danger_since = None
        elif self.danger_since is None:
            self.danger_since = self.clock.plant
        self._judge()

    def drop(self) -> None:
        """The chain falls with no input to blame (its own relay, a dip of its supply): the button brings it back."""
        self.chain_ok = False
        self._judge()

    def press_reset(self) -> None:
        """A person presses the reset button: the chain comes back only when everything is good."""
        self._released_at = self.clock.now + BUTTON_S
        if self.all_good:
            self.chain_ok = True
        self._judge()

    def set_run_enable(self, on: bool) -> None:
        """The controller's run-enable."""
        if on != self.run_enable:
            self.run_enable = on
            self._judge()

    def beat(self, count: int) -> None:
        """The controller's heartbeat: only a changed count feeds the dead-man."""
        if count != self.heartbeat:
            self.heartbeat = count
            was_alive = self._alive
            self._beat_at = self.clock.now
            if not was_alive:
                self._judge()

    def due_wire(self) -> float:
        """Wire time of the next event: dead-man or end of the button press."""
        dead = self._beat_at + self._dead_man_s if self.drives_enabled else math.inf
        return min(dead, self._released_at if self.reset_pressed else math.inf)

    def fire(self) -> None:
        """Dead-man, button."""
        self._judge()

    @property
    def _alive(self) -> bool:
        return self.clock.now < self._beat_at + self._dead_man_s

    def _judge(self) -> None:
        self.drives_enabled = self.chain_ok and self.run_enable and self._alive and not self.inhibited
        self.changed()
