"""What operators ask of a cluster, as typed calls."""
