"""Every device of a station, emulated, and the ways to reach it. Simulator only: never installed on a station.

Never imports `firmware_py`, except the joining package `sim.campaigns` (checked by import-linter).
"""
