"""What is read off a simulation: differences between scenarios, and their price."""
