"""What a release is and what may happen to it: pure, standard library only."""
