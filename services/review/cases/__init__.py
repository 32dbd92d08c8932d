"""Cases: opened, seen, with what was filed."""
