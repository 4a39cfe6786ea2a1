"""The media plane: everything that one camera does, in the order of the product."""
