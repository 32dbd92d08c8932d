"""What the post purges when its time is over (docs/adr/0026)."""
