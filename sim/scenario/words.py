"""Words that acts and expectations of a scenario share."""

from typing import Annotated, Literal

from pydantic import Field

StateName = Literal[
    "Stopped", "Resetting", "Idle", "Starting", "Execute", "Holding", "Held", "Unholding", "Completing", "Complete",
    "Stopping", "Aborting", "Aborted", "Clearing",
]  # fmt: skip
"""State names of ISA-TR88.00.02."""
PlaceName = Literal["unknown", "S0", "S1", "S2", "S3", "S4"]
FaultName = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+/[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""CODE/device, as in the record."""
Argument = str | int | float
EACH = "each"
"""Stands in a `step` for the row that this run of the scenario is about."""
