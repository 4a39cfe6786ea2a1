"""Is this the same object as before?"""
