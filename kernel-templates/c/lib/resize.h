// Where the elements of a resampled axis lie: o at (o mul + add) / div of x, a quotient of integers, so that what
// lies between two neighbours, or just in the middle, is the same as on every other device.
typedef struct {
  int mul, add, div, size;
} Axis;

/// The place of o rounded down; *rest / div is what is left.
static inline int place_of(const Axis *a, int o, int *rest) {
  const int at = o * a->mul + a->add;
  // Division rounds towards zero; this goes down.
  const int whole = at / a->div - (at % a->div < 0);
  *rest = at - whole * a->div;
  return whole;
}

/// Beyond the edge stands the edge.
static inline int clamped(int place, int size) { return place < 0 ? 0 : place < size ? place : size - 1; }

/// Columns that are looked up once for all rows.
enum { CHUNK = 256 };
