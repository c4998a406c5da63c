"""The command line. Nothing heavy is imported before a command needs it: `swapstation --help` is to be quick."""


def main() -> None:
    """Entry point `swapstation`."""
    from firmware_py.cli.app import run

    run()
