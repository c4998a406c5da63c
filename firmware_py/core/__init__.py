"""The pure decision core: no await, no clock, no I/O. Time enters as durations, the world as an `Image`."""
