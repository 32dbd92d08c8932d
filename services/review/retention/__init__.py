"""What the desk purges when its time is over (docs/adr/0026)."""
