"""What the terminal is and can do: streams, signals, colours, and its loss."""
