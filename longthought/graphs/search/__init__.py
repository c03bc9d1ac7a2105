"""Search strategies, told of a tree by facts and asked where to go on."""
