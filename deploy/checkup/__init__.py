"""What `madoguchi doctor` looks at: each check says what it found and, for a problem, what to do and where that is explained."""
