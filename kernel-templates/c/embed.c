//! Rows of a table by token id; an id that is not in this piece of the table leaves its row alone.
//! op embed(tokens: u32[C+1], w: W[V,D]) -> y: f32[M,D]
//! grid M
//! layout w: panels
//! args tokens, w, y, step, V, D, G, ROW0
//! entry embed
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/i8x32.h"
//#include "lib/panel_$W.h"

void embed(const uint32_t *tokens, const char *w, float *y, const Step *step, int V, int D, int G, int ROW0,
           int begin, int end) {
  const int bytes = panel_bytes(D, G);
  for (int m = begin; m < end; m++) {
    const int row = (int)(tokens[step->past + (uint32_t)m] - (uint32_t)ROW0);
    if (row < 0 || row >= V) continue;
    gather(panel_at(w, row / PANEL, bytes), row % PANEL, y + m * D, D, G);
  }
}
