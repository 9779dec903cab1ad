"""What the Makefile and the documentation are made with."""
