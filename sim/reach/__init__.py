"""Ways to reach the emulated devices: sockets, pseudo terminals and buses."""
