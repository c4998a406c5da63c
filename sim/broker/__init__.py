"""A small MQTT broker for runs without hardware. Simulator only: no persistence, no access control, no TLS."""
