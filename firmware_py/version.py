"""Name and version of this program."""

from importlib.metadata import PackageNotFoundError, version


def software() -> str:
    """For messages, records and people. Without a version where the program runs from files that nobody installed."""
    try:
        return f"swapstation {version('swapstation')}"
    except PackageNotFoundError:
        return "swapstation"
