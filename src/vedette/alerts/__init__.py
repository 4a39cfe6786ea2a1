"""Should a person be told, and in which words? Pure."""
