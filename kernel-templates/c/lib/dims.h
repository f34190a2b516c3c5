// Walks over the elements of a dense result, whose operands are read by strides, row by row.
// OPERANDS is defined before.
enum { MAX_AXES = 6 };

typedef struct {
  int size, at, stride[OPERANDS];
} Axis;

typedef struct {
  Axis axes[MAX_AXES];
  int count, offset[OPERANDS];
} Walk;

/// An axis inside those before it. With the one before it becomes one where every operand allows, so that rows are
/// long.
static void add_axis(Walk *w, const Axis *axis) {
  if (axis->size == 1) return;
  if (w->count > 0) {
    Axis *outer = &w->axes[w->count - 1];
    int fits = 1;
    for (int o = 0; o < OPERANDS; o++) fits &= outer->stride[o] == axis->stride[o] * axis->size;
    if (fits) {
      const int size = outer->size * axis->size;
      *outer = *axis;
      outer->size = size;
      return;
    }
  }
  w->axes[w->count++] = *axis;
}

/// Begins at element i of the result. There is at least one axis from then on.
static void begin_at(Walk *w, int i) {
  if (w->count == 0) w->axes[w->count++] = (Axis){.size = 1};
  for (int k = w->count - 1; k >= 0; k--) {
    Axis *axis = &w->axes[k];
    axis->at = i % axis->size;
    i /= axis->size;
    for (int o = 0; o < OPERANDS; o++) w->offset[o] += axis->at * axis->stride[o];
  }
}

/// The last axis: what is read along a row.
static inline const Axis *row_axis(const Walk *w) { return &w->axes[w->count - 1]; }

/// Elements of the row from here to its end, `left` at most.
static inline int row_left(const Walk *w, int left) { return min_int(left, row_axis(w)->size - row_axis(w)->at); }

/// Goes n elements on, to the row's end at most.
static void advance(Walk *w, int n) {
  for (int k = w->count - 1; k >= 0; k--, n = 1) {
    Axis *axis = &w->axes[k];
    axis->at += n;
    for (int o = 0; o < OPERANDS; o++) w->offset[o] += n * axis->stride[o];
    if (axis->at < axis->size) return;
    axis->at = 0;
    for (int o = 0; o < OPERANDS; o++) w->offset[o] -= axis->size * axis->stride[o];
  }
}

/// n elements that lie `stride` apart.
static void collect(float *to, const float *from, int n, int stride) {
  for (int i = 0; i < n; i++) to[i] = from[i * stride];
}

/// The same as neighbours: where they are, or copied to `buffer`.
static inline const float *neighbours(const float *from, int n, int stride, float *buffer) {
  if (stride == 1) return from;
  collect(buffer, from, n, stride);
  return buffer;
}
