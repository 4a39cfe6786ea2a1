"""Does what was seen mean something? One file per rule."""
