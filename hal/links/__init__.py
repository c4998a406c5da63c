"""The carriers and nothing else: Modbus, CAN, MQTT and text lines."""
