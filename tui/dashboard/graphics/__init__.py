"""Real pictures on terminals that can show them: asking the terminal, and what it is sent. Knows no widget."""
