"""The console: what operators see of a running site, and the dead letters that they mend and replay."""
