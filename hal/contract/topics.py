"""Topics of the contract: `swap/v1/{site}/{station}/...`, one sub-tree per station."""


class Topics:
    """All topics of one station."""

    def __init__(self, site: str, station: str) -> None:
        self.root = f"swap/v1/{site}/{station}"
        self.target = f"{site}/{station}"
        """What a command names as the station that it is for."""
        self.status = f"{self.root}/status"
        self.info = f"{self.root}/info"
        self.station = f"{self.root}/state/station"
        self.lift = f"{self.root}/state/lift"
        self.locks = f"{self.root}/state/locks"
        self.lane = f"{self.root}/state/lane"
        self.fire = f"{self.root}/state/fire"
        self.power = f"{self.root}/state/power"
        self.step = f"{self.root}/event/step"
        self.swap = f"{self.root}/event/swap"
        self.record = f"{self.root}/event/record"
        self.reservation = f"{self.root}/event/reservation"
        self.commands = f"{self.root}/cmd/+"
        """Filter for all commands, without their answers."""
        self.order = self.command("order")
        self.order_reply = self.reply("order")
        self.simulator = f"sim/v1/{site}/{station}"
        """Published by a simulator, never by a station: says that the devices behind this station are emulated."""

    def command(self, name: str) -> str:
        """Commands of one name."""
        return f"{self.root}/cmd/{name}"

    def reply(self, name: str) -> str:
        """Answers to the commands of one name."""
        return f"{self.root}/cmd/{name}/reply"

    def bay(self, number: int) -> str:
        """State of one bay, 1-based."""
        return f"{self.root}/state/bay/{number}"

    def alarm(self, code: str, device: str) -> str:
        """One standing fault; retained until it is cleared by an empty message."""
        return f"{self.root}/alarm/{code.lower()}-{device}"

    @property
    def all(self) -> str:
        """Filter for everything this station says."""
        return f"{self.root}/#"
