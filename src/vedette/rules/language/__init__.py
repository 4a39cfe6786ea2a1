"""The language of `type: when`: conditions, written in settings, as one tree of pure columns.

`words.py` is what people write, `compose.py` builds the tree, `tree.py` is what its nodes are, and
the other files are the nodes, by what they are about. `vedette/rules/when.py` asks the tree.
"""
