"""What the four FastAPI applications share: errors, health, who is calling, languages, the pages' base."""
