"""What routes of all doors work with: the service they serve, parameters and schemas they share."""
