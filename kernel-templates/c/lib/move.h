/// Copies n elements. A call of the engine's own copy pays only for long ones.
static void move(float *to, const float *from, int n) {
  if (n >= 128) {
    __builtin_memcpy(to, from, (unsigned)n * 4);
    return;
  }
  int i = 0;
  for (; i + 4 <= n; i += 4) store(to + i, load(from + i));
  for (; i < n; i++) to[i] = from[i];
}

static void fill(float *to, float value, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4) store(to + i, set1(value));
  for (; i < n; i++) to[i] = value;
}
