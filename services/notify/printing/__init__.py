"""The print room: letters that wait to be printed, and those that were."""
