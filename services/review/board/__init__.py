"""What a manager looks at: how many cases, how old, with whom, and how long they take."""
