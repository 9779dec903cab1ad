"""What the service costs: measured on this machine, printed as one table, never a timed test."""
