"""What the campaigns on the journal have in common."""

import os
from typing import Final

COMMAND: Final = "make torture"
PROCESSES: Final = int(os.environ.get("TORTURE_PROCESSES", os.cpu_count() or 1))
STATION: Final = ("firmware_py/core/**/*.py", "firmware_py/shell/*.py", "config/stations/choco-14.toml")
"""What every figure of them is of."""
SHOWN: Final = 5
"""So many of the bad ones are told."""
