"""What every service speaks: events, the bus, the procedure language, identity, problems."""
