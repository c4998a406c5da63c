"""Where a running simulator is found."""

from typing import Final

SOCKET: Final = "simulator.sock"
"""Name of its socket in the runtime directory of its station."""
