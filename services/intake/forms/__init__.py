"""Forms on the web: read, judged, drawn."""
