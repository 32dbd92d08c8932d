"""The stages of the review: criteria, marks, proposed decisions, and from one stage to another."""
