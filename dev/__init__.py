"""The local stack: a Functions host, emulators of Azure's services, a demo. Never deployed."""
