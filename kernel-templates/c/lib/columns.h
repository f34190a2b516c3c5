// Middle axes of x [A, D, S]: column i begins at column_at(i), its elements lie S apart.

static inline int column_at(int i, int D, int S) { return i / S * D * S + i % S; }

/// Columns that are taken together from i on: neighbours, at most four.
static inline int columns_from(int i, int end, int S) { return min_int(4, min_int(end - i, S - i % S)); }
