"""How each part is, with the runbook of what is not well: judged here alone, for the console, its command and the doctor."""
