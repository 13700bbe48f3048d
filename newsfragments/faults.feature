``Cluster.faults`` had requests and responses lost, delayed and reordered, connections broken, refused and half open, by a seed.
