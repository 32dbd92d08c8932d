"""One machine: PostgreSQL, a broker, the services and a mailbox, started by one command without root or containers."""
