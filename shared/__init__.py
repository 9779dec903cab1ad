"""ModelGate: what is deployed."""
