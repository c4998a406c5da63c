"""What a scenario came to: for the verdict's reader and for machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.campaigns.director import Outcome


@dataclass(frozen=True)
class Result:
    """A scenario that was run. `sim_s` and `wall_s`: how long it took in the station's time and in ours.

    `digest` is that of the trace; empty on the wire, where no two runs are alike.
    """

    name: str
    title: str
    seed: int
    jitter: float
    digest: str
    sim_s: float
    wall_s: float
    misses: tuple[str, ...]
    outcome: Outcome
    nominal_s: Mapping[int, float] = field(default_factory=dict)
    speed: float = 1.0
    wire: bool = False

    @property
    def passed(self) -> bool:
        """Everything was as expected."""
        return not self.misses

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        seen = self.outcome.observed
        return {
            "scenario": self.name,
            "simulated": True,
            "wire": self.wire,
            "seed": self.seed,
            "jitter": self.jitter,
            "speed": self.speed,
            "passed": self.passed,
            "misses": list(self.misses),
            "digest": self.digest,
            "sim_s": round(self.sim_s, 6),
            "wall_s": round(self.wall_s, 3),
            "packml": seen.packml,
            "place": seen.place,
            "faults": list(seen.faults),
            "rows": list(seen.rows),
            "breaches": [{"at_s": b.at_s, "hazard": b.hazard, "text": b.text} for b in self.outcome.breaches],
            "acts": [
                {"do": str(p.act.do), "at_s": p.at_s, "answer": p.answer, "reason": p.reason, "rest_s": p.rest_s}
                for p in self.outcome.played
            ],
            "orders": {order: [list(answer) for answer in answers] for order, answers in seen.answers.items()},
            "swap_s": [record.values.duration_s for record in seen.records.values()],
        }
