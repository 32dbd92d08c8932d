"""`make bench`: speeds as ratios to references measured in the same run, because machines differ and this one is noisy."""
