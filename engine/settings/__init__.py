"""What is set, where it comes from and what it means: settings, profiles, passwords, the state folder."""
