/// What a kernel may read of the step at hand (runtime/format.ts has the table).
typedef struct {
  uint32_t seq, past, seed, top_k;
  float top_p, temperature;
  uint32_t sample;
  float penalty;
} Step;
