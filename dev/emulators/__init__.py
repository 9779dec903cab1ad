"""Emulators of the Azure services that ModelGate uses; each knows Azure and nothing of it."""
