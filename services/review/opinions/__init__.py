"""Opinions (意見照会): asking officials of other groups and people outside about a case."""
