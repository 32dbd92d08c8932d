"""Corrections (補正): asking the applicant to mend, and what came."""
