"""The chart as a picture: a graph out of its tables, its places on paper, and the two ways to write it down."""
