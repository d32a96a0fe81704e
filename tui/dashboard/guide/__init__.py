"""What leads a person to a key: the words one may have for what it does, and the tour of the first start."""
