"""Codecs and links = devices that the controller can use."""
