//! Repetition penalty: y is the logits, those of ids among the tokens so far divided by step.penalty where they
//! are positive, else multiplied. An id that occurs twice is written twice alike.
//! op penalize(logits: f32[1,V], tokens: u32[C+1]) -> y: f32[1,V]
//! grid V
//! args logits, tokens, y, step
//! entry penalize
//#include "lib/simd.h"
//#include "lib/step.h"

void penalize(const float *logits, const uint32_t *tokens, float *y, const Step *step, int begin, int end) {
  const float penalty = step->penalty;
  __builtin_memcpy(y + begin, logits + begin, (unsigned)(end - begin) * sizeof(float));
  if (penalty == 0 || penalty == 1) return;
  const uint32_t length = step->past + step->seq;
  for (uint32_t p = 0; p < length; p++) {
    const uint32_t id = tokens[p];
    if (id < (uint32_t)begin || id >= (uint32_t)end) continue;
    y[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  }
}
