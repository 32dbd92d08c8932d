"""What operators do and decide, known to all services: acts and their trace, holds, switches, and the runs of scheduled work."""
