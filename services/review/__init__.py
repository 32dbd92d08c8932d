"""The desk: cases, from routing to a decision."""
