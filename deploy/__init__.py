"""How Madoguchi runs: the command line, one machine, the gateway, the operators' console."""
