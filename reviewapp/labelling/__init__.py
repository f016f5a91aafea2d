"""Labels: whose word an item has, in which taxonomy version, and from where."""
