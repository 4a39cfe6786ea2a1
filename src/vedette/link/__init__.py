"""The bounded local socket between the control process and its media workers, and the spool.

Facts, figures and names of files cross it; pixels do not.
"""
