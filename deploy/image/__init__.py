"""What goes into the images besides the code."""
