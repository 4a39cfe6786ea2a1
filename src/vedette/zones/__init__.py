"""Where does it stand, and which line did it cross?"""
