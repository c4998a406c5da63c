"""The wire log: everything that passes the wires of a station, in the order in which its controller saw it.

A folder with two files. `wires.jsonl` has one JSON object a line: Modbus requests with their answers, MQTT messages,
what was decided (`"wire": "core"`), and for each batch of CAN frames how many there are. The other file has these
frames in order: `can.log` as can-utils' candump writes them, or `can.blf` in Vector's binary log format, whose channels
are numbered: the first line of `wires.jsonl` tells their links. Each line has `t`, monotonic seconds of its
controller's loop, and `w`, wall-clock seconds since 1970 UTC; the first line says where the latter come from.
"""
