"""An official mends an entry himself (職権による訂正), where the procedure allows it."""
