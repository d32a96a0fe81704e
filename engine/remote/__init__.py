"""An engine elsewhere: the contract that every engine keeps, how it travels, and a client with its methods."""
