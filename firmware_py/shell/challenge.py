"""The station's challenge: what a command must echo to be known as fresh without any clock."""


class Challenge:
    """Boot id and a counter. Every command that is taken uses one up; a start of the station makes all others old."""

    def __init__(self, boot_id: str) -> None:
        self._boot_id = boot_id
        self._spent = 0

    @property
    def current(self) -> str:
        """What the next command has to echo."""
        return f"{self._boot_id}:{self._spent}"

    def spend(self) -> None:
        """It is used up."""
        self._spent += 1
