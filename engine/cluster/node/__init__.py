"""What a machine that has joined does: it keeps documents, and has their pages converted as the engine's own would."""
