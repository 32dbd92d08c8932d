"""An organisation: registering, its members, keys and mandates (委任)."""
