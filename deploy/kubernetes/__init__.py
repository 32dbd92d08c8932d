"""The same containers on Kubernetes: base/ is made of compose.yaml, overlays and components are written by hand."""
